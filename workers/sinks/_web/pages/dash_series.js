// From samples, as api/figures sends them, to what is plotted: named lines over time, and marks.

export const KEPT = 600;        // seconds

// The sink whose latency counts, as `launcher.py top` has it: the last worker that has one.
export function sinkOf(sample) {
  return sample.workers.findLast(worker => worker.latency_ms.p50 !== null);
}

// {worker, time} of each start after the first.
export function restartsIn(samples) {
  const marks = [];
  samples.slice(1).forEach((sample, i) => {
    const before = new Map(samples[i].workers.map(worker => [worker.name, worker.restarts]));
    for (const {name, restarts} of sample.workers) {
      if (before.has(name) && restarts > before.get(name)) marks.push({worker: name, time: sample.time});
    }
  });
  return marks;
}

// Each plot: its lines' names and values. A line's value is null where there was nothing.
export function linesOf(samples, share, words) {
  const workers = names(samples, "workers"), rings = names(samples, "rings");
  const gpus = samples.length ? samples.at(-1).machine.gpus : [];
  const of = (list, name, get) => samples.map(sample => {
    const found = sample[list].find(one => one.name === name);
    return found === undefined ? null : get(found);
  });
  return {
    latency: ["p50", "p95", "p99"].map(name => ({name, values: samples.map(sample => sinkOf(sample)?.latency_ms[name] ?? null)})),
    stages: workers.flatMap(name => ["wait", "work"].map(part =>
      ({name: `${name}: ${words[part]}`, of: name, part, values: of("workers", name, worker => worker[`${part}_ms`][share])})))
      .filter(line => line.values.some(value => value !== null)),
    fps: rings.map(name => ({name, values: of("rings", name, ring => ring.fps)})),
    drops: rings.map(name => ({name, values: growth(of("rings", name, ring => ring.dropped), samples)})),
    cpu: [
      ...workers.map(name => ({name, values: of("workers", name, worker => worker.cpu_percent)})),
      {name: words.launcher, values: samples.map(sample => sample.launcher.cpu_percent)},
    ],
    memory: [
      ...workers.map(name => ({name, values: of("workers", name, worker => worker.rss_mb)})),
      {name: words.launcher, values: samples.map(sample => sample.launcher.rss_mb)},
    ],
    gpu: gpus.map(({name}, i) => ({name, values: samples.map(sample => sample.machine.gpus[i]?.load_percent ?? null)})),
  };
}

function names(samples, list) {
  return [...new Set(samples.flatMap(sample => sample[list].map(one => one.name)))];
}

// How much a count grows in a second. It begins anew when the ring does.
function growth(counts, samples) {
  return counts.map((count, i) => i === 0 || count === null || counts[i - 1] === null ? null
    : Math.max(0, count - counts[i - 1]) / (samples[i].time - samples[i - 1].time));
}
