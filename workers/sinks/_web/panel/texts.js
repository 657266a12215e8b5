// All words of the page in both languages. What settings.yaml says comes with the schema.

export const TEXTS = {
  en: {
    "profile": "Profile", "no-profile": "none", "save": "Keep in settings.yaml", "viewer": "To the picture",
    "picture": "Picture", "source": "Source", "models": "Models", "workers": "Workers",
    "phone": "Phone & headset", "settings": "All settings",
    "monitors": "Monitors", "windows": "Windows", "cameras": "Cameras", "none": "none", "primary": "primary",
    "minimised": "minimised", "show-camera": "Look", "log": "Log", "reset": "Back to the default",
    "fetch": "Another network of Hugging Face, by name", "download": "Download", "cancel": "Cancel",
    "use": "Use", "chosen": "chosen", "here": "here", "licence": "Licence", "unknown-size": "size unknown",
    "downloading": "downloading", "failed": "failed", "cancelled": "cancelled; what has come is kept",
    "phone-how": "Scan the code with a phone, or open the address in the headset's browser. Who has it may look; it cannot change anything.",
    "no-links": "Only this machine may look. Turn on “LAN” to let other devices look too.",
    "reset-all": "Reset all", "ask-reset-all": "Set everything back to what the program says by itself?",
    "search": "Search", "yes": "Yes", "no": "No", "kept-in": "Kept in", "unsaved": "not in the file",
    "overridden": "given by --set for this run", "live": "at once", "restarts": "restarts", "unused": "not in use",
    "start": "Start", "stop": "Stop", "restart": "Restart", "restarts-count": "restarts", "threads": "threads",
    "ask-web": "This page comes from this worker. It goes with it, and comes back only if the worker does. Go on?",
    "close": "Close", "lost": "No connection to the program. Trying again …", "on": "on", "off": "off", "choose": "Choose",
    "one-a-line": "one a line", "preview": "The picture, live", "no-preview": "No picture comes. Trying again …", "sleeping": "Paused while this page is not seen",
    "size": "{} MB",
    "running": "running", "starting": "starting", "waiting": "waiting", "stopped": "stopped",
    "finished": "finished", "retired": "retired",
  },
  zh: {
    "profile": "配置", "no-profile": "无", "save": "写入 settings.yaml", "viewer": "观看画面",
    "picture": "画面", "source": "来源", "models": "模型", "workers": "进程",
    "phone": "手机与头显", "settings": "全部设置",
    "monitors": "显示器", "windows": "窗口", "cameras": "摄像头", "none": "无", "primary": "主显示器",
    "minimised": "已最小化", "show-camera": "看一眼", "log": "日志", "reset": "恢复默认值",
    "fetch": "按名称下载 Hugging Face 上的其他网络", "download": "下载", "cancel": "取消",
    "use": "使用", "chosen": "已选用", "here": "已下载", "licence": "许可证", "unknown-size": "大小未知",
    "downloading": "下载中", "failed": "失败", "cancelled": "已取消，已下载的部分会保留",
    "phone-how": "用手机扫描二维码，或在头显的浏览器中打开地址。持有该地址的人可以观看，但不能更改任何设置。",
    "no-links": "目前只有本机可以观看。打开“局域网访问”即可让其他设备观看。",
    "reset-all": "全部恢复默认", "ask-reset-all": "要把所有设置恢复为程序的默认值吗？",
    "search": "搜索", "yes": "确定", "no": "取消", "kept-in": "保存在", "unsaved": "未写入文件",
    "overridden": "本次运行由 --set 指定", "live": "立即生效", "restarts": "将重启", "unused": "当前未使用",
    "start": "启动", "stop": "停止", "restart": "重启", "restarts-count": "重启次数", "threads": "线程",
    "ask-web": "本页面由这个进程提供，会随它一起消失，进程恢复后页面才会恢复。要继续吗？",
    "close": "关闭", "lost": "与程序的连接已断开，正在重试……", "on": "开", "off": "关", "choose": "选择",
    "one-a-line": "每行一条", "preview": "实时画面", "no-preview": "没有画面，正在重试……", "sleeping": "页面不可见时暂停",
    "size": "{} MB",
    "running": "运行中", "starting": "启动中", "waiting": "等待重启", "stopped": "已停止",
    "finished": "已结束", "retired": "已弃置",
  },
};

const NAMES = {   // of the sections in English; the Chinese ones come with the schema
  screen_mss: "Screen", screen_windows_capture: "Windows screen and window", window_x11: "X11 window",
  video: "Video file", image: "Picture file", scene: "Test scene", steady: "Steady and easy on the eyes",
  stereo: "Stereo picture", sinks: "Outputs", monitor3d: "3D display and AR glasses", web: "Web page",
  keys: "Keys", processes: "Processes", programs: "Profiles by program", log: "Log level",
};

let language = localStorage.getItem("language") || (navigator.language.startsWith("zh") ? "zh" : "en");
const listeners = [];

export const current = () => language;
export const text = name => TEXTS[language][name] ?? name;
export const both = texts => texts[language];
export const sectionTitle = section => (language === "en" && NAMES[section.name]) || both(section.title);

/** Calls `show` now and whenever the language is another. */
export function inBoth(show) { listeners.push(show); show(); }

export function speak(other) {
  language = other;
  localStorage.setItem("language", other);
  document.documentElement.lang = other === "zh" ? "zh-CN" : "en";
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = text(node.dataset.text);
  for (const node of document.querySelectorAll("[data-tip]")) node.title = text(node.dataset.tip);
  for (const show of listeners) show();
}
