"""A DAW: lines of text go to the studio and come back, by hand, over HTTP, and by REAPER's script with a REAPER made of tables."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

import partimento.studio
from partimento.errors import InvalidOption, PartimentoError
from partimento.piece import Track
from partimento.studio.server.serve import Address, announced
from partimento.studio.workshop.exchange import QUARTER, exchange_text, parse_exchange
from partimento.studio.workshop.workshop import Workshop
from tests.studio.test_streams import soon

SCRIPT = Path(partimento.studio.__file__).parent / "reaper" / "partimento.lua"
LUA = shutil.which("lua5.4") or shutil.which("lua5.3") or shutil.which("lua")
SENT = """partimento 1
title A tune
meter 3 4
tempo 96
track 0 40 violin
track 3 128 drums
# a remark

note 0 1 74 80 0
note 1 .5 76 80 0
note 1.5 1.5 78 80 0
note 0 1 38 100 3
ask fill 1 2
option count 2
option key D major
option seed 3
"""


def test_what_is_sent_is_read() -> None:
    sent = parse_exchange(SENT)
    assert sent.piece.about.title == "A tune"
    assert sent.piece.meters.tolist() == [(0, 3, 4)]
    assert sent.piece.tracks == (Track(40, False, "violin"), Track(0, True, "drums"))
    assert sent.piece.notes.tolist() == [
        (0, QUARTER, 74, 80, 0),
        (QUARTER, QUARTER // 2, 76, 80, 0),
        (QUARTER * 3 // 2, QUARTER * 3 // 2, 78, 80, 0),
        (0, QUARTER, 38, 100, 1),
    ]
    assert (sent.ask.kind, sent.ask.bars, sent.ask.count, sent.ask.key, sent.ask.seed) == ("fill", (1, 2), 2, "D major", 3)


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "hello",
        "partimento 2",
        "partimento 1",
        "partimento 1\nnote 0 1 74 80 0",
        "partimento 1\nnote 0 1 74 80\nask fill 1 2",
        "partimento 1\nnote 0 0 74 80 0\nask fill 1 2",
        "partimento 1\nnote -1 2 74 80 0\nask fill 1 2",
        "partimento 1\nnote 0 1 128 80 0\nask fill 1 2",
        "partimento 1\nnote 0 nan 60 80 0\nask fill 1 2",
        "partimento 1\nmeter 4\nask fill 1 2",
        "partimento 1\ntempo fast\nask fill 1 2",
        "partimento 1\ntempo -3\nask fill 1 2",
        "partimento 1\ntrack 0 129 x\nask fill 1 2",
        "partimento 1\nask dance 1 2",
        "partimento 1\nask fill x",
        "partimento 1\nask fill 1 2\noption wobble 3",
        "partimento 1\nask fill 1 2\noption count many",
        "partimento 1\nask fill 1 2\noption end_on_tonic perhaps",
        "partimento 1\n__class__ x",
    ],
)
def test_what_cannot_be_read_is_refused(lines: str) -> None:
    with pytest.raises(PartimentoError):
        parse_exchange(lines)


@given(some.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for lines in (text, f"partimento 1\n{text}", f"partimento 1\nask fill 1 2\nnote {text}"):
        try:
            parse_exchange(lines)
        except PartimentoError:
            continue


def test_the_line_is_named() -> None:
    with pytest.raises(InvalidOption, match="line 3"):
        parse_exchange("partimento 1\n\nnote x\nask fill 1 2")


def test_there_and_back_over_http(client: httpx.Client, workshop: Workshop) -> None:
    answer = client.post("/exchange", content=SENT, headers={"content-type": "text/plain"})
    assert answer.status_code == 200, answer.text
    lines = answer.text.splitlines()
    assert lines[0] == "partimento 1"
    assert lines[-1] == "end"
    assert [line.split()[1] for line in lines if line.startswith("candidate")] == ["1", "2"]
    task = workshop.tasks["t1"]
    candidates = [(workshop.tasks.piece("t1", one["candidate"]), one) for one in task.candidates]
    assert answer.text == exchange_text("s1", "t1", task.ranking, candidates)
    assert any(line.endswith(" 1") for line in lines if line.startswith("note"))
    refused = client.post("/exchange", content="partimento 1\nask fill 1 2\noption key H", headers={"content-type": "text/plain"})
    assert refused.status_code == 422
    assert refused.text.startswith("error ")
    assert "\n" not in refused.text.strip()


def test_the_address_is_for_this_user_alone(address: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with announced(address) as path:
        assert path.read_text() == f"{address.api}\n{address.token}\n"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()


REAPER = """
local P = dofile(arg[1])
local calls, defers = {}, {}
local notes = { { 0, 960, 74 }, { 960, 1440, 76 }, { 1440, 2880, 78 } }
local takes, inserted, boxes = {}, {}, {}
reaper = {
  GetSet_LoopTimeRange = function() return 1.5, 3.0 end,
  CountSelectedMediaItems = function() return 1 end,
  GetSelectedMediaItem = function() return "item" end,
  GetActiveTake = function() return "take" end,
  TakeIsMIDI = function() return true end,
  GetMediaItemInfo_Value = function() return 0.0 end,
  TimeMap2_timeToBeats = function(_, time) return 0, math.floor(time / 1.5) end,
  TimeMap_GetMeasureInfo = function(_, measure) return 0, 3 * measure, 3 * measure + 3, 3, 4, 120 end,
  GetTrackName = function() return true, "violin" end,
  GetMediaItem_Track = function() return "track" end,
  MIDI_CountEvts = function() return true, #notes end,
  MIDI_GetNote = function(_, at) local n = notes[at + 1]; return true, false, false, n[1], n[2], 0, n[3], 80 end,
  MIDI_GetProjQNFromPPQPos = function(_, ppq) return ppq / 960 end,
  MIDI_GetPPQPosFromProjQN = function(_, quarter) return quarter * 960 end,
  GetUserInputs = function() return true, arg[4] end,
  ExecProcess = function(command)
    local pipe = io.popen(command .. " 2>&1; echo done"); calls[#calls + 1] = pipe:read("a"); pipe:close()
  end,
  time_precise = os.clock,
  defer = function(later) defers[#defers + 1] = later end,
  ShowMessageBox = function(text) boxes[#boxes + 1] = text end,
  AddTakeToMediaItem = function(item) takes[#takes + 1] = item; return "take" .. #takes end,
  SetMediaItemTake_Source = function() end,
  PCM_Source_CreateFromType = function(kind) assert(kind == "MIDI"); return kind end,
  GetSetMediaItemTakeInfo_String = function(take, _, name) print("take", take, name) end,
  GetSetMediaTrackInfo_String = function(_, _, name) print("track", name) end,
  MIDI_InsertNote = function(take, selected, _, begin, stop, _, pitch, velocity)
    print("note", take, selected and 1 or 0, begin / 960, (stop - begin) / 960, pitch, velocity)
  end,
  MIDI_Sort = function() end, UpdateItemInProject = function() end, UpdateArrange = function() end,
  Undo_BeginBlock = function() end, Undo_EndBlock = function(name) print("undo", name) end,
  CountTracks = function() return 1 end, InsertTrackAtIndex = function() end, GetTrack = function() return "new track" end,
  CreateNewMIDIItemInProj = function() takes[#takes + 1] = "new"; return "new item" end,
}
os.getenv = function(name) return name == "XDG_STATE_HOME" and arg[2] or arg[3] end
P.main(reaper)
while #defers > 0 do table.remove(defers, 1)() end
for _, text in ipairs(boxes) do print("box", text) end
"""


def in_reaper(tmp_path: Path, values: str) -> list[list[str]]:
    """What the script does in a REAPER made of tables, call by call."""
    (tmp_path / "reaper.lua").write_text(REAPER)
    assert LUA is not None
    command = [LUA, str(tmp_path / "reaper.lua"), str(SCRIPT), str(tmp_path), str(tmp_path), values]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.fixture
def ready_workshop(workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """One whose model is loaded, and which is announced in a folder of the test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    workshop.warm.start()
    assert not workshop.warm.problem
    return workshop


needs_lua = pytest.mark.skipif(LUA is None or shutil.which("curl") is None, reason="needs lua and curl")


@needs_lua
def test_reapers_script_brings_candidates_back_as_takes(address: Address, ready_workshop: Workshop, tmp_path: Path) -> None:
    with announced(address):
        calls = in_reaper(tmp_path, "fill;;D major;2")
    record = ready_workshop.tasks["t1"]
    assert record.told["bars"] == [2, 2]
    piece = ready_workshop.scores.piece("s1")
    assert [row[:3] for row in piece.notes.tolist()] == [(0, 960, 74), (960, 480, 76), (1440, 1440, 78)]
    assert piece.tracks[0].name == "violin"
    names = [call[2] for call in calls if call[0] == "take"]
    assert names == [f"Partimento {number}" for number in record.ranking]
    for place, number in enumerate(record.ranking, 1):
        candidate = ready_workshop.tasks.piece("t1", number)
        told = [tuple(map(float, call[3:6])) for call in calls if call[0] == "note" and call[1] == f"take{place}"]
        wanted = [(onset / QUARTER, duration / QUARTER, float(pitch)) for onset, duration, pitch, _, _ in candidate.notes.tolist()]
        assert np.allclose(np.array(sorted(told)), np.array(sorted(wanted)), atol=1e-3)


@needs_lua
def test_reapers_script_adds_a_track_for_a_part_and_says_what_fails(
    address: Address, ready_workshop: Workshop, tmp_path: Path
) -> None:
    assert [call[0] for call in in_reaper(tmp_path, "fill;;;1")] == ["box"]
    with announced(address):
        calls = in_reaper(tmp_path, "bass;;;1")
        assert ["track", "bass"] in calls
        (said,) = in_reaper(tmp_path, "fill;C F#;C major;1")
        assert said[0] == "box"
        assert "F#" in said[1]


def test_a_vanished_daw_stops_its_work(client: httpx.Client, workshop: Workshop) -> None:
    workshop.warm.start()
    assert not workshop.warm.problem
    long = SENT.replace("ask fill 1 2", "ask fill 1 64").replace("count 2", "count 8")
    with pytest.raises(httpx.ReadTimeout):
        client.post("/exchange", content=long, headers={"content-type": "text/plain"}, timeout=0.3)
    assert soon(lambda: bool(list(workshop.tasks)) and all(one.mailbox.finished for one in workshop.tasks))
    assert [one.status for one in workshop.tasks] == ["stopped"]
