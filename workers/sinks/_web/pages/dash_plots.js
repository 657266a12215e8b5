// The plots: uPlot, one for each group of lines, with the restarts as marks.

import uPlot from "./vendor/uplot/uPlot.esm.js";

const HEIGHT = 190;
const HUES = [212, 28, 150, 340, 265, 95, 185, 5, 300, 50];
const UNITS = {latency: "ms", stages: "ms", fps: "each", drops: "frames", cpu: "percent", memory: "mb", gpu: "load"};

export class Plots {
  constructor(place) {
    this.place = place;
    this.plots = new Map();     // name → plot, figure, what it is made of, and the lines' values
    this.marks = [];
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.dark.onchange = () => this.clear();
    this.sizes = new ResizeObserver(changed => changed.forEach(({target}) => this.fit(target)));
  }

  // Made anew with the next figures.
  clear() {
    this.plots.forEach(({plot, figure}) => { plot.destroy(); figure.remove(); });
    this.plots.clear();
  }

  show(times, groups, marks, words) {
    this.workers = groups.cpu.map(line => line.name);     // the same colour in all plots
    this.marks = marks.map(mark => ({...mark, text: words.restart + mark.worker}));
    for (const [name, lines] of Object.entries(groups)) {
      if (!lines.length) continue;
      const made = lines.map(line => line.name).join();
      if (this.plots.get(name)?.made !== made) this.make(name, lines, made, words);
      const shown = this.plots.get(name);
      shown.values = lines.map(line => line.values);
      shown.plot.setData([times, ...(name === "stages" ? stacked(lines) : lines.map(line => line.values))]);
    }
  }

  make(name, lines, made, words) {
    const old = this.plots.get(name), figure = document.createElement("figure"), caption = document.createElement("figcaption");
    const unit = document.createElement("small");
    unit.textContent = words[UNITS[name]];
    caption.append(words[name], " ", unit);
    figure.append(caption);
    figure.dataset.plot = name;
    if (old) { old.plot.destroy(); old.figure.replaceWith(figure); } else this.place.append(figure);
    const plot = new uPlot(this.options(name, lines, figure, words), [[], ...lines.map(() => [])], figure);
    this.plots.set(name, {plot, figure, made});
    this.sizes.observe(figure);
  }

  options(name, lines, figure, words) {
    const style = getComputedStyle(document.documentElement);
    const ink = style.getPropertyValue("--faint"), line = style.getPropertyValue("--line");
    const time = at => new Date(at * 1000).toLocaleTimeString("en-GB");
    const axis = {stroke: ink, grid: {stroke: line, width: 1}, ticks: {stroke: line, width: 1}};
    return {
      width: inner(figure), height: HEIGHT,
      series: [{label: words.time, value: (_, at) => at === null ? "–" : time(at)}, ...lines.map((one, i) => this.series(name, one, i))],
      bands: name === "stages" ? lines.slice(1).map((_, i) => ({series: [i + 2, i + 1]})) : [],
      axes: [{...axis, space: 90, size: 34, values: (_, shown) => shown.map(time)}, {...axis, size: 55}],
      scales: {y: {range: (_, low, high) => [0, Math.max(1, high * 1.1)]}},
      cursor: {sync: {key: "dash"}, points: {show: name !== "stages"}},
      hooks: {draw: [plot => this.mark(plot)]},
    };
  }

  series(name, line, i) {
    const worker = line.of ? this.workers.indexOf(line.of) : i;
    const light = this.dark.matches ? 65 : 45;
    const colour = alpha => `hsl(${HUES[worker % HUES.length]} 70% ${light}% / ${alpha})`;
    const fill = name === "stages" ? colour(line.part === "wait" ? .25 : .75) : undefined;
    const value = (plot, shown, series, at) => at === null ? "–" : number(this.plots.get(name).values[i][at]);
    return {label: line.name, stroke: colour(1), fill, width: name === "stages" ? 0 : 1.5, value, points: {show: false}};
  }

  mark(plot) {
    const {ctx, bbox} = plot, style = getComputedStyle(document.documentElement);
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = style.getPropertyValue("--bad");
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    for (const {time, text} of this.marks) {
      const x = plot.valToPos(time, "x", true), right = x > bbox.left + bbox.width / 2;
      if (x < bbox.left) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.textAlign = right ? "right" : "left";
      ctx.fillText(text, x + (right ? -4 : 4) * devicePixelRatio, bbox.top + 11 * devicePixelRatio);
    }
    ctx.restore();
  }

  fit(figure) {
    for (const {plot, figure: own} of this.plots.values()) {
      if (own === figure && plot.width !== inner(figure)) plot.setSize({width: inner(figure), height: HEIGHT});
    }
  }
}

// Each line on top of those before it. What it says is its own value.
function stacked(lines) {
  const sums = [];
  return lines.map(line => line.values.map((value, at) => (sums[at] = (sums[at] ?? 0) + (value ?? 0))));
}

function inner(figure) {
  const style = getComputedStyle(figure);
  return Math.max(200, figure.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight));
}

function number(value) { return value === null || value === undefined ? "–" : value.toFixed(value < 100 ? 1 : 0); }
