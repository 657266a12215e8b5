// The words of the headset's page, in both languages.

export const WORDS = {
  en: {
    title: "3D in your headset", viewer: "Picture in the browser", preview: "What the left eye gets.",
    enter: "Enter", around: "with your room around the screen",
    connecting: "connecting …", live: "", stale: "stale: the source is away", lost: "no connection; trying again …",
    no_video: "the video (encode.codec) is none that browsers get; taking JPEG pictures instead",
    full: "too many are looking; trying again …", slow: "the network is too slow for this; trying again …",
    undecodable: "this browser cannot decode the H.264 video; taking JPEG pictures instead",
    looking_for: "Looking for a headset …",
    ready: "",
    flat: "Both eyes get the same picture now: stereo.layout has no two views side by side or one above the other. Set it to "
      + "half-sbs or full-sbs.",
    insecure: "Browsers open a headset's 3D only on a secure page. It is here; the browser will warn once, see below:",
    no_https: "Browsers open a headset's 3D only on a secure page, and there is none: start the program with web.lan=true "
      + "and without web.https_port=0, and open the https address that it shows.",
    no_webxr: "This browser knows no WebXR. Open this page in the browser of your headset (Meta Quest Browser, Pico Browser) "
      + "or in Chrome with a headset connected.",
    no_headset: "This device has no headset. Open this page in the browser of yours: start the program with web.lan=true, "
      + "and type the address that it shows as “from a headset”.",
    no_library: "three.js, which draws the screen in space, is not here. On the computer that runs the program: "
      + "python scripts/vendor.py gets it. Then load this page again.",
    refused: "The headset does not let us in: ",
    warning: "The browser warns: “Your connection is not private”",
    warning_why: "That is expected. The connection is encrypted, with a certificate that this program has made for itself on "
      + "your computer. The browser only says that nobody whom it knows vouches for it. Go on if the address is the one "
      + "that your own computer shows, in your own network.",
    warning_quest: "Meta Quest Browser: “Advanced”, then “Proceed to … (unsafe)”.",
    warning_pico: "Pico Browser: “Advanced” (or “Details”), then “Proceed” or “Continue”.",
    warning_chrome: "Chrome, on a computer or a phone: “Advanced”, then “Proceed to … (unsafe)”.",
    warning_once: "It asks once, and again when the certificate is renewed, after a year at most. A certificate of your "
      + "own (web.certificate) that the browser knows ends that.",
    screen: "The screen in space", width: "Width", distance: "Distance", height: "Height", curve: "Curve",
    reset: "As at first",
    hands: "With the controllers",
    hand_stick: "Stick up and down: distance. Left and right: size. Pressed: figures.",
    hand_grip: "Grip held: the screen goes with your hand.",
    hand_lower: "A or X: flat or curved, four steps.",
    hand_upper: "B or Y: the screen comes to where you look now.",
    hand_trigger: "Trigger, or a pinch of your fingers: figures.",
    fps: "fps", old: "ms old",
  },
  zh: {
    title: "在头显中观看 3D", viewer: "在浏览器中观看", preview: "左眼看到的画面。",
    enter: "进入", around: "在屏幕周围显示真实房间",
    connecting: "正在连接…", live: "", stale: "画面已过期：信号源不可用", lost: "连接已断开，正在重试…",
    no_video: "视频编码（encode.codec）不是浏览器支持的格式，改用 JPEG 图片",
    full: "观看人数已满，正在重试…", slow: "网络太慢，正在重试…",
    undecodable: "此浏览器无法解码 H.264 视频，改用 JPEG 图片",
    looking_for: "正在寻找头显…",
    ready: "",
    flat: "现在两只眼睛看到的是同一画面：stereo.layout 没有左右或上下排列的两个视图。请把它设为 half-sbs 或 full-sbs。",
    insecure: "浏览器只允许安全页面使用头显的 3D 功能。安全页面在这里；浏览器会警告一次，见下文：",
    no_https: "浏览器只允许安全页面使用头显的 3D 功能，而现在没有安全页面：请用 web.lan=true 启动程序，不要设置 web.https_port=0，"
      + "然后打开程序显示的 https 地址。",
    no_webxr: "此浏览器不支持 WebXR。请在头显的浏览器（Meta Quest 浏览器、Pico 浏览器）中打开本页，或在连接了头显的电脑上用 Chrome 打开。",
    no_headset: "此设备没有头显。请在头显的浏览器中打开本页：用 web.lan=true 启动程序，然后输入程序在 “from a headset” 处显示的地址。",
    no_library: "缺少在空间中绘制屏幕的 three.js。请在运行程序的电脑上执行 python scripts/vendor.py 下载，然后重新加载本页。",
    refused: "头显拒绝进入：",
    warning: "浏览器警告：“您的连接不是私密连接”",
    warning_why: "这是正常的。连接已加密，所用的证书由本程序在您的电脑上自行生成。浏览器只是说明没有它所认识的机构为此担保。"
      + "如果地址就是您自己的电脑在您自己的网络中显示的地址，请继续。",
    warning_quest: "Meta Quest 浏览器：点“高级”，再点“继续前往…（不安全）”。",
    warning_pico: "Pico 浏览器：点“高级”（或“详情”），再点“继续”。",
    warning_chrome: "电脑或手机上的 Chrome：点“高级”，再点“继续前往…（不安全）”。",
    warning_once: "浏览器只询问一次；证书最长一年更新一次，更新后会再问。使用浏览器认可的证书（web.certificate）就不会再警告。",
    screen: "空间中的屏幕", width: "宽度", distance: "距离", height: "高度", curve: "弧度",
    reset: "恢复默认",
    hands: "使用手柄",
    hand_stick: "摇杆上下：距离；左右：大小；按下：数据。",
    hand_grip: "按住握把键：屏幕跟着手移动。",
    hand_lower: "A 或 X：平面或曲面，共四档。",
    hand_upper: "B 或 Y：屏幕移到您正在看的方向。",
    hand_trigger: "扳机键，或手指捏合：数据。",
    fps: "帧/秒", old: "毫秒延迟",
  },
};
