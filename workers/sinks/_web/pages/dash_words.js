// The dashboard's words, in both languages.

export const WORDS = {
  en: {
    title: "Dashboard", viewer: "Picture", panel: "Settings", share: "Stages:", workers: "Workers", log: "Log",
    latency: "From capture to the sink", stages: "Wait and work by stage", fps: "Frames a second, by ring",
    drops: "Frames skipped by readers, a second", cpu: "Processor, by process", memory: "Memory, by process",
    gpu: "GPU load", wait: "wait", work: "work", machine: "machine", launcher: "launcher", restart: "restart of ", time: "time",
    ms: "ms", percent: "% of a core", mb: "MB", each: "fps", frames: "frames", load: "%",
    worker: "worker", state: "state", cpu_short: "cpu %", mb_short: "MB", fps_short: "fps", wait_ms: "wait ms",
    work_ms: "work ms", latency_ms: "latency ms", lost_frames: "lost", restarts: "restarts",
    now: "{latency} ms from capture to {sink} (p50 / p95 / p99)   machine {cpu} %   memory {memory} %",
    no_latency: "nobody looks: everything sleeps   machine {cpu} %   memory {memory} %",
    lost: "no connection; trying again …", refused: "no figures: ",
    no_library: "uPlot, which draws the plots, is not here. On the computer that runs the program: "
      + "python scripts/vendor.py gets it. Then load this page again.",
  },
  zh: {
    title: "仪表盘", viewer: "画面", panel: "设置", share: "阶段：", workers: "进程", log: "日志",
    latency: "从采集到输出的延迟", stages: "各阶段的等待与处理", fps: "各环形缓冲区的帧率",
    drops: "每秒被读取方跳过的帧", cpu: "各进程的处理器占用", memory: "各进程的内存",
    gpu: "GPU 负载", wait: "等待", work: "处理", machine: "整机", launcher: "启动器", restart: "重启：", time: "时间",
    ms: "毫秒", percent: "单核 %", mb: "MB", each: "帧/秒", frames: "帧", load: "%",
    worker: "进程", state: "状态", cpu_short: "处理器 %", mb_short: "MB", fps_short: "帧/秒", wait_ms: "等待 毫秒",
    work_ms: "处理 毫秒", latency_ms: "延迟 毫秒", lost_frames: "丢失", restarts: "重启",
    now: "从采集到 {sink} {latency} 毫秒（p50 / p95 / p99）   整机 {cpu} %   内存 {memory} %",
    no_latency: "无人观看，全部休眠   整机 {cpu} %   内存 {memory} %",
    lost: "连接已断开，正在重试…", refused: "没有数据：",
    no_library: "缺少绘制图表的 uPlot。请在运行程序的电脑上执行 python scripts/vendor.py 下载，然后重新加载本页。",
  },
};
