// The keyboard: everything that the mouse can do.

const KEYS = [
  ["Tab", "to the controls and the picture"],
  ["↑ ↓ ← →", "walk from card to card (in a replay ← → step)"],
  ["Enter", "details; again on a closed group: open it; on a frame's title: close it"],
  ["Space", "open or close the group of the card"],
  ["/", "search; Enter: next hit, Shift+Enter: the one before"],
  ["+ − 0", "zoom in, out, fit"],
  ["Shift + arrows", "move the picture"],
  ["r", "backward replay; , and . step; p plays"],
  ["e, c", "open all groups, close all groups"],
  ["d", "layout down or to the right"],
  ["l", "lessons: the classic mistakes"],
  ["t", "light or dark"],
  ["?", "this help"],
  ["Escape", "close what is open"],
];

function listenToKeys({ picture, replay, lessons, help, theme, close }) {
  const isText = (target) => target.matches("input[type=search], textarea");
  const pan = { ArrowUp: [0, 60], ArrowDown: [0, -60], ArrowLeft: [60, 0], ArrowRight: [-60, 0] };
  const walk = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  const plain = {
    "/": () => byId("search").focus(),
    "+": () => picture.camera.zoomBy(1.25),
    "=": () => picture.camera.zoomBy(1.25),
    "-": () => picture.camera.zoomBy(0.8),
    0: () => picture.camera.fit(),
    f: () => picture.camera.fit(),
    r: () => replay.show(replay.step === null),
    p: () => replay.toggle(),
    ",": () => replay.move(-1),
    ".": () => (replay.step === null ? replay.show(true) : replay.move(1)),
    e: () => picture.openAll(true),
    c: () => picture.openAll(false),
    d: () => picture.turn(),
    l: () => lessons.show(),
    t: theme,
    "?": help,
    Escape: close,
  };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isText(event.target) || document.querySelector("dialog[open]")) return;
    const stepping = replay.step !== null && { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const onPicture = picture.surface.contains(event.target) || event.target === document.body;
    if (stepping && !event.shiftKey) replay.move(stepping);
    else if (onPicture && event.shiftKey && pan[event.key]) picture.camera.panBy(...pan[event.key]);
    else if (onPicture && walk[event.key]) picture.walk(...walk[event.key]);
    else if (onPicture && event.key === "Enter" && picture.focused()) picture.activate(picture.focused());
    else if (onPicture && event.key === " " && picture.focused()) toggleAround(picture, picture.focused());
    else if (plain[event.key]) plain[event.key]();
    else return;
    event.preventDefault();
  });
}

/** Open the group of a card if it is closed; else close the group around it. */
function toggleAround(picture, id) {
  const item = picture.standIn(id);
  const group = item.kind === "node" ? item.parent : item.id;
  if (group) picture.toggle(group);
}
