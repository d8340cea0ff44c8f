/** The API of the studio: requests with the token of this start, streams of events, downloads. */

const API = "/api/v1";
const token = takeToken();

/** The fragment of the address holds the token; it is kept for the tab. */
function takeToken() {
  const found = /[#&]token=([^&]+)/.exec(location.hash);
  if (found) {
    sessionStorage.setItem("token", decodeURIComponent(found[1]));
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("token") ?? "";
}

/** A refusal of the server: its message, and where rules cannot be met the bar and what to relax. */
export class Refused extends Error {
  constructor(status, told) {
    super(told.message);
    Object.assign(this, { status, kind: told.kind, bar: told.bar ?? null, relax: told.relax ?? [] });
  }
}

async function request(method, path, { body, raw, signal, accept } = {}) {
  const headers = { Authorization: `Bearer ${token}` };
  if (accept) headers.Accept = accept;
  if (raw) headers["Content-Type"] = "application/octet-stream";
  else if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(API + path, { method, headers, signal, body: raw ?? (body && JSON.stringify(body)) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, { kind: "Away", message: "The studio does not answer. Is it still running in the terminal?" });
  }
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => null);
  throw new Refused(answer.status, told?.error ?? { kind: "Http", message: answer.statusText });
}

export async function get(path, options) {
  return (await request("GET", path, options)).json();
}

export async function post(path, body = {}) {
  return (await request("POST", path, { body })).json();
}

export async function upload(path, raw) {
  return (await request("POST", path, { raw })).json();
}

export async function remove(path) {
  await request("DELETE", path);
}

/** A file of the server, handed to the browser's downloads under the name that the server gives it. */
export async function download(path) {
  const answer = await request("GET", path);
  const name = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("content-disposition") ?? "");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name ? decodeURIComponent(name[1]) : "score";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return link.download;
}

/** Server-sent events as `{event, data}`, until the stream ends or `signal` is aborted. */
export async function* events(method, path, body, signal) {
  const answer = await request(method, path, { body, signal, accept: "text/event-stream" });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (text + value).split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const event = /^event: (.*)$/m.exec(block);
      const data = /^data: (.*)$/m.exec(block);
      if (event && data) yield { event: event[1], data: JSON.parse(data[1]) };
    }
  }
}
