// The pose page's words, in both languages.

export const WORDS = {
  en: {
    title: "Pose", viewer: "Picture", choose: "Choose a picture …", live: "Live", people: "People, at most:",
    hint: "or drop one here", waiting: "looking …", took: "{n} found in {ms} ms", lost: "no connection; trying again …",
    nothing: "no pose comes; is somebody before the camera?", seen: "{n} seen",
    400: "This is no picture that can be read.", 404: "Nobody is in the picture whose pose can be seen.",
    413: "The picture is too large: at most 32 MB, 120 megapixels, and 65500 pixels a side.", 503: "Nobody here finds poses: start with --profile pose.",
    joints: {},
  },
  zh: {
    title: "姿态", viewer: "画面", choose: "选择图片…", live: "实时", people: "最多人数：",
    hint: "或将图片拖到此处", waiting: "正在识别…", took: "{ms} 毫秒内找到 {n} 人", lost: "连接已断开，正在重试…",
    nothing: "没有收到姿态；镜头前有人吗？", seen: "看到 {n} 人",
    400: "无法读取这张图片。", 404: "图片中没有可识别姿态的人。",
    413: "图片过大：最多 32 MB、1.2 亿像素，每边最多 65500 像素。", 503: "当前不识别姿态：请用 --profile pose 启动。",
    joints: {
      "left elbow": "左肘", "right elbow": "右肘", "left shoulder": "左肩", "right shoulder": "右肩",
      "left wrist": "左腕", "right wrist": "右腕", "left hip": "左髋", "right hip": "右髋",
      "left knee": "左膝", "right knee": "右膝", "left ankle": "左踝", "right ankle": "右踝",
    },
  },
};
