/** Pointer and wheel on the roll: marking bars, selecting, adding, moving, stretching, scrolling, zooming. */

import { KEYS, RULER } from "./view.js";

const EDGE = 6; // pixels at the end of a note that stretch it
const NEAR = 4; // pixels that a pointer may move and still click

/** `does` is what gestures lead to: see `does` in ui/rollpane.js. */
export function listenToPointer(roll, does) {
  const { over, view, host } = roll;
  let drag = null;
  const touches = new Map();
  const at = (event) => {
    const box = over.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  function noteAt(x, y) {
    if (x < KEYS || y < RULER) return null;
    const { tick, pitch } = view.placeOf(x, y);
    const slack = view.tickOf(3);
    let found = null;
    for (const note of roll.song.between(tick - slack, tick + slack)) {
      if (roll.song.pitch[note] === pitch && does.isEditable(note)) found = note;
    }
    return found;
  }

  function isEnd(x, note) {
    const end = view.xOf(roll.song.onset[note] + roll.song.duration[note]);
    const width = view.pixelOf(roll.song.duration[note]);
    return x > end - Math.min(EDGE, width / 3);
  }

  function down(event) {
    if (!roll.song || event.button > 1) return;
    const [x, y] = at(event);
    over.setPointerCapture(event.pointerId);
    touches.set(event.pointerId, [x, y]);
    host.focus({ preventScroll: true });
    if (touches.size === 2) return pinch();
    const note = noteAt(x, y);
    const place = view.placeOf(x, y);
    drag = { x, y, place, note, wasSelected: does.isSelected(note), touch: event.pointerType === "touch", more: event.shiftKey || event.ctrlKey || event.metaKey };
    if (y < RULER) drag.kind = "mark";
    else if (x < KEYS) {
      drag.kind = "keys";
      does.taste(place.pitch);
    } else if (event.button === 1 || (drag.touch && !drag.wasSelected)) drag.kind = "pan";
    else if (note !== null) {
      drag.kind = isEnd(x, note) ? "stretch" : "move";
      if (!drag.wasSelected) does.select([note], drag.more);
    } else drag.kind = "box";
  }

  function pinch() {
    const [a, b] = [...touches.values()];
    drag = { kind: "pinch", apart: Math.max(20, Math.hypot(a[0] - b[0], a[1] - b[1])), middle: (a[0] + b[0]) / 2 };
  }

  function move(event) {
    if (!roll.song) return;
    const [x, y] = at(event);
    if (!drag) return hover(x, y);
    const before = touches.get(event.pointerId) ?? [x, y];
    touches.set(event.pointerId, [x, y]);
    if (drag.kind === "pinch") {
      const [a, b] = [...touches.values()];
      const apart = Math.max(20, Math.hypot(a[0] - b[0], a[1] - b[1]));
      view.zoom(apart / drag.apart, drag.middle);
      drag.apart = apart;
      return roll.draw();
    }
    drag.isFar ||= Math.hypot(x - drag.x, y - drag.y) > NEAR;
    if (!drag.isFar) return;
    const place = view.placeOf(x, y);
    if (drag.kind === "mark") does.mark(drag.place.tick, place.tick);
    else if (drag.kind === "pan") {
      roll.isFollowing = false;
      view.scroll(before[0] - x, before[1] - y);
    } else if (drag.kind === "box") does.box([Math.min(x, drag.x), Math.min(y, drag.y), Math.abs(x - drag.x), Math.abs(y - drag.y)]);
    else if (drag.kind !== "keys") does.drag(drag.kind, place.tick - drag.place.tick, place.pitch - drag.place.pitch);
    roll.draw();
  }

  function up(event) {
    touches.delete(event.pointerId);
    if (!drag || drag.kind === "pinch") {
      if (!touches.size) drag = null;
      return;
    }
    const [x, y] = at(event);
    const ended = drag;
    drag = null;
    const place = view.placeOf(x, y);
    if (event.type === "pointercancel") does.drop(true);
    else if (!ended.isFar) click(ended, event);
    else if (ended.kind === "box") does.choose(ended.place, place, ended.more);
    else if (ended.kind === "move" || ended.kind === "stretch") does.drop(false);
    else if (ended.kind === "mark") does.marked();
    roll.draw();
  }

  function click(ended, event) {
    if (ended.kind === "mark") {
      if (ended.more) does.markTo(ended.place.tick);
      else does.goTo(ended.place.tick);
    } else if (ended.kind === "keys") return;
    else if (ended.note !== null) {
      if (ended.touch || ended.wasSelected) does.select([ended.note], ended.more);
      does.taste(roll.song.pitch[ended.note], ended.note);
    } else if (event.pointerType === "touch" && does.isAgain(ended.place)) does.add(ended.place);
    else does.point(ended.place);
  }

  function hover(x, y) {
    const note = noteAt(x, y);
    does.hover(note, x, y);
    over.style.cursor = y < RULER ? "col-resize" : x < KEYS ? "pointer" : note === null ? "default" : isEnd(x, note) ? "ew-resize" : "grab";
  }

  function wheel(event) {
    event.preventDefault();
    const [x] = at(event);
    const size = event.deltaMode === 1 ? 24 : 1;
    if (event.ctrlKey || event.metaKey) view.zoom(Math.exp((-event.deltaY * size) / 300), x);
    else if (event.altKey) view.zoomRows(Math.exp((-event.deltaY * size) / 400));
    else {
      const [right, down] = event.shiftKey ? [event.deltaY, event.deltaX] : [event.deltaX, event.deltaY];
      roll.isFollowing = false;
      view.scroll(right * size, down * size);
    }
    roll.draw();
  }

  function twice(event) {
    const [x, y] = at(event);
    if (x > KEYS && y < RULER) return does.markBar(view.placeOf(x, y).tick);
    if (x > KEYS && y > RULER && noteAt(x, y) === null) does.add(view.placeOf(x, y));
  }

  const all = { pointerdown: down, pointermove: move, pointerup: up, pointercancel: up, dblclick: twice };
  for (const [name, one] of Object.entries(all)) over.addEventListener(name, one);
  over.addEventListener("wheel", wheel, { passive: false });
  over.addEventListener("pointerleave", () => does.hover(null));
}
