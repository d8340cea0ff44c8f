-- Partimento for REAPER: the selected bars of the selected MIDI items go to a studio that runs on this machine
-- (`partimento studio`), and its candidates come back as takes of these items, the best first.
--
-- Load it as a ReaScript (Actions, Show action list, New action, Load ReaScript). Select MIDI items, mark bars by a time
-- selection, run it, and say what to write. It needs `curl`, which Windows, macOS and Linux have.
-- Lines of text go both ways; docs/studio-daw.md describes them.

local P = {}

-- The lines that ask for something. `song`: title, numerator, denominator, tempo, tracks (program, name), notes (onset and
-- duration in quarters from the first bar, pitch, velocity, track from 0), kind, first and last bar, options (name to text).
function P.request(song)
  local lines = { "partimento 1" }
  local function add(format, ...) lines[#lines + 1] = string.format(format, ...) end
  add("title %s", (song.title or "From REAPER"):gsub("[\r\n]", " "))
  add("meter %d %d", song.numerator, song.denominator)
  add("tempo %.6g", song.tempo)
  for number, track in ipairs(song.tracks) do
    add("track %d %d %s", number - 1, track.program or 0, (track.name or ""):gsub("[\r\n]", " "))
  end
  for _, note in ipairs(song.notes) do
    add("note %.6f %.6f %d %d %d", note.onset, note.duration, note.pitch, note.velocity, note.track)
  end
  add("ask %s %d %d", song.kind, song.first, song.last)
  local names = {}
  for name in pairs(song.options) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    if song.options[name] ~= "" then add("option %s %s", name, song.options[name]) end
  end
  return table.concat(lines, "\n") .. "\n"
end

-- What an answer says: a list of candidates (number, tracks, notes with `is_new`), the best first; or nil and why not.
function P.answer(text)
  local best, found, now, whole = {}, {}, nil, false
  for line in text:gmatch("[^\r\n]+") do
    local word, rest = line:match("^(%S+)%s*(.*)$")
    if word == "error" then return nil, rest end
    if word == "best" then
      for number in rest:gmatch("%d+") do best[#best + 1] = tonumber(number) end
    elseif word == "candidate" then
      now = { number = tonumber(rest:match("^%d+")), tracks = {}, notes = {} }
      found[now.number] = now
    elseif word == "track" and now then
      local number, program, name = rest:match("^(%d+) (%d+) ?(.*)$")
      now.tracks[tonumber(number) + 1] = { program = tonumber(program), name = name }
    elseif word == "note" and now then
      local onset, duration, pitch, velocity, track, new = rest:match("^(%S+) (%S+) (%d+) (%d+) (%d+) (%d)$")
      if not onset then return nil, "the answer cannot be read: " .. line end
      now.notes[#now.notes + 1] = {
        onset = tonumber(onset), duration = tonumber(duration), pitch = tonumber(pitch), velocity = tonumber(velocity),
        track = tonumber(track), is_new = new == "1",
      }
    elseif word == "end" then
      whole = true
    end
  end
  if not whole then return nil, "the answer is not whole; is the studio running?" end
  local ranked = {}
  for _, number in ipairs(best) do ranked[#ranked + 1] = found[number] end
  return ranked
end

-- Where a studio of this user listens, and its token: it writes them into a file that only the user can read.
function P.address(home, state)
  local path = (state or (home .. "/.local/state")) .. "/partimento/studio-address"
  local file = io.open(path, "r")
  if not file then return nil, "no studio is running: start `partimento studio` (" .. path .. " is not there)" end
  local api, token = file:read("l", "l")
  file:close()
  return { api = api, token = token }
end

-- What curl is told, in a file, so that the token is in no list of processes.
function P.curl_config(address, request_path, answer_path)
  local function quoted(text) return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"') .. '"' end
  return table.concat({
    "silent", "show-error", "max-time = 300",
    "url = " .. quoted(address.api .. "/exchange"),
    "header = " .. quoted("Authorization: Bearer " .. address.token),
    "header = " .. quoted("Content-Type: text/plain"),
    "data-binary = " .. quoted("@" .. request_path),
    "output = " .. quoted(answer_path),
  }, "\n") .. "\n"
end

local function write_file(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local function read_file(path)
  local file = io.open(path, "rb")
  if not file then return "" end
  local text = file:read("a")
  file:close()
  return text
end

-- The selected MIDI items as a song, and where its first bar begins in quarters of the project.
function P.selected(reaper)
  local from, to = reaper.GetSet_LoopTimeRange(false, false, 0, 0, false)
  if to <= from then return nil, "mark the bars to write by a time selection" end
  local items = {}
  local earliest = from
  for number = 0, reaper.CountSelectedMediaItems(0) - 1 do
    local item = reaper.GetSelectedMediaItem(0, number)
    local take = reaper.GetActiveTake(item)
    if take and reaper.TakeIsMIDI(take) then
      items[#items + 1] = { item = item, take = take }
      earliest = math.min(earliest, reaper.GetMediaItemInfo_Value(item, "D_POSITION"))
    end
  end
  if #items == 0 then return nil, "select MIDI items first" end
  local function measure_at(time) return select(2, reaper.TimeMap2_timeToBeats(0, time)) end
  local first = measure_at(earliest)
  local _, origin, _, numerator, denominator, tempo = reaper.TimeMap_GetMeasureInfo(0, first)
  local song = { numerator = numerator, denominator = denominator, tempo = tempo, tracks = {}, notes = {}, options = {} }
  song.first = measure_at(from) - first + 1
  song.last = math.max(song.first, measure_at(to - 0.0001) - first + 1)
  for number, one in ipairs(items) do
    local _, name = reaper.GetTrackName(reaper.GetMediaItem_Track(one.item))
    song.tracks[number] = { program = 0, name = name }
    local _, notes = reaper.MIDI_CountEvts(one.take)
    for at = 0, notes - 1 do
      local _, _, muted, start, stop, _, pitch, velocity = reaper.MIDI_GetNote(one.take, at)
      local onset = reaper.MIDI_GetProjQNFromPPQPos(one.take, start) - origin
      local ends = reaper.MIDI_GetProjQNFromPPQPos(one.take, stop) - origin
      if not muted and onset >= 0 and ends > onset then
        song.notes[#song.notes + 1] =
          { onset = onset, duration = ends - onset, pitch = pitch, velocity = velocity, track = number - 1 }
      end
    end
  end
  return { song = song, items = items, origin = origin }
end

-- Candidates as takes: a take of each for every item; a track that a candidate adds gets a new track below with an item.
function P.insert(reaper, sent, candidates)
  reaper.Undo_BeginBlock()
  for _, candidate in ipairs(candidates) do
    for number = 1, #candidate.tracks do
      local one = sent.items[number]
      local item, take
      if one then
        item, take = one.item, reaper.AddTakeToMediaItem(one.item)
        reaper.SetMediaItemTake_Source(take, reaper.PCM_Source_CreateFromType("MIDI"))
      else
        item, take = P.added_item(reaper, sent, number, candidate)
      end
      reaper.GetSetMediaItemTakeInfo_String(take, "P_NAME", "Partimento " .. candidate.number, true)
      for _, note in ipairs(candidate.notes) do
        if note.track == number - 1 then
          local begin = reaper.MIDI_GetPPQPosFromProjQN(take, sent.origin + note.onset)
          local stop = reaper.MIDI_GetPPQPosFromProjQN(take, sent.origin + note.onset + note.duration)
          reaper.MIDI_InsertNote(take, note.is_new, false, begin, stop, 0, note.pitch, note.velocity, true)
        end
      end
      reaper.MIDI_Sort(take)
      reaper.UpdateItemInProject(item)
    end
  end
  reaper.Undo_EndBlock("Partimento: candidates as takes", -1)
  reaper.UpdateArrange()
end

-- The item of a track that the candidates add: the first candidate makes it, the others get takes of it.
function P.added_item(reaper, sent, number, candidate)
  sent.added = sent.added or {}
  if sent.added[number] then
    local take = reaper.AddTakeToMediaItem(sent.added[number])
    reaper.SetMediaItemTake_Source(take, reaper.PCM_Source_CreateFromType("MIDI"))
    return sent.added[number], take
  end
  local count = reaper.CountTracks(0)
  reaper.InsertTrackAtIndex(count, true)
  local track = reaper.GetTrack(0, count)
  reaper.GetSetMediaTrackInfo_String(track, "P_NAME", candidate.tracks[number].name, true)
  local last = 0
  for _, note in ipairs(candidate.notes) do last = math.max(last, note.onset + note.duration) end
  local item = reaper.CreateNewMIDIItemInProj(track, sent.origin, sent.origin + last, true)
  sent.added[number] = item
  return item, reaper.GetActiveTake(item)
end

function P.main(reaper)
  local function stop(message) reaper.ShowMessageBox(message, "Partimento", 0) end
  local sent, why = P.selected(reaper)
  if not sent then return stop(why) end
  local names = "Write (fill, vary, continue, accompany, melody, bass),Chords (C G/B Am),Key (G major),Candidates"
  local told, values = reaper.GetUserInputs("Partimento", 4, names .. ",extrawidth=220,separator=;", "fill;;;3")
  if not told then return end
  local fields = {}
  for value in (values .. ";"):gmatch("([^;]*);") do fields[#fields + 1] = value end
  sent.song.kind = fields[1]
  sent.song.options = { chords = fields[2], key = fields[3], count = fields[4] }
  local address, missing = P.address(os.getenv("HOME") or os.getenv("USERPROFILE") or "", os.getenv("XDG_STATE_HOME"))
  if not address then return stop(missing) end
  local request, answer, config = os.tmpname(), os.tmpname(), os.tmpname()
  write_file(request, P.request(sent.song))
  write_file(config, P.curl_config(address, request, answer))
  reaper.ExecProcess('curl --config "' .. config .. '"', -2) -- in the background
  local began = reaper.time_precise()
  local function look()
    local text = read_file(answer)
    local is_over = text:match("\nend%s*$") or text:match("^error ") or reaper.time_precise() - began > 300
    if not is_over then return reaper.defer(look) end
    for _, path in ipairs({ request, answer, config }) do os.remove(path) end
    local candidates, failed = P.answer(text)
    if not candidates then return stop(failed) end
    P.insert(reaper, sent, candidates)
  end
  look()
end

if reaper then P.main(reaper) end
return P
