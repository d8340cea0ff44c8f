/** The piano roll: two canvases, tiles below and what moves above, drawn when something changed. */

import { drawOverlay } from "./overlay.js";
import { Tiles } from "./tiles.js";
import { View } from "./view.js";

const FOLLOW = 0.35; // where the playhead stays while the roll moves below it

export class Roll {
  /** `scene` tells what is to be seen: see `scene()` in ui/rollpane.js. */
  constructor(host, scene) {
    this.host = host;
    this.scene = scene;
    this.view = new View();
    this.tiles = new Tiles();
    [this.base, this.over] = ["base", "over"].map((name) => {
      const canvas = document.createElement("canvas");
      canvas.className = `roll-${name}`;
      canvas.setAttribute("aria-hidden", "true");
      host.append(canvas);
      return canvas;
    });
    this.song = null;
    this.isFollowing = false;
    this.listeners = new Set(); // called after each frame, for what is laid over the roll
    this.measure = new ResizeObserver(() => this.resize());
    this.measure.observe(host);
    this.resize();
  }

  close() {
    this.measure.disconnect();
    cancelAnimationFrame(this.frame);
    this.base.remove();
    this.over.remove();
  }

  resize() {
    const { width, height } = this.host.getBoundingClientRect();
    const ratio = Math.min(2, devicePixelRatio || 1);
    for (const canvas of [this.base, this.over]) Object.assign(canvas, { width: width * ratio, height: height * ratio });
    this.view.resize(width, height, ratio);
    this.draw(true);
  }

  /** Draws soon: once for all calls before the next frame. */
  draw(atOnce = false) {
    if (atOnce) this.paint();
    else this.frame ??= requestAnimationFrame(() => this.paint());
  }

  paint() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    const scene = this.scene();
    if (!scene.song) return;
    if (scene.song !== this.song) this.take(scene.song, scene.name);
    const { view } = this;
    if (scene.playing && this.isFollowing) this.follow(scene.tick);
    const look = [this.number, view.quarterWidth, view.row, view.low, view.high, view.ratio, scene.look].join();
    const context = this.base.getContext("2d", { alpha: false });
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = scene.paper;
    context.fillRect(0, 0, this.base.width, this.base.height);
    const [keys, ruler] = scene.margins.map((one) => Math.round(one * view.ratio));
    context.save();
    context.beginPath();
    context.rect(keys, ruler, this.base.width, this.base.height);
    context.clip();
    context.translate(keys, ruler);
    this.tiles.draw(context, view, look, scene);
    context.restore();
    drawOverlay(this.over.getContext("2d"), view, scene);
    for (const one of this.listeners) one(view, scene);
    if (scene.playing) this.draw();
  }

  take(song, name) {
    this.number = (this.number ?? 0) + 1;
    this.view.take(song, name !== this.name);
    this.song = song;
    this.name = name;
  }

  follow(tick) {
    const { view } = this;
    const wanted = view.pixelOf(tick) - view.width * FOLLOW;
    const isAway = view.pixelOf(tick) < view.left || view.pixelOf(tick) > view.left + view.width;
    if (isAway) view.left = Math.max(0, wanted);
    else if (wanted > view.left) view.left += Math.min(wanted - view.left, Math.max(1, (wanted - view.left) * 0.15));
    view.settle();
  }
}
