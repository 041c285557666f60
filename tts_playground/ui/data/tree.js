/* Replay, pause, speed, and a chosen node told to the server; it listens to the block, whatever stands in it. */
const state = {timer: null, key: null};
const board = () => element.querySelector('.math-tree');
const show = (frame) => {
  const root = board(); if (!root) return;
  root.querySelectorAll('[data-frame]').forEach(one => one.classList.toggle('later', +one.dataset.frame > frame));
  const range = root.querySelector('input[type=range]'); range.value = frame;
  const notes = JSON.parse(root.dataset.notes);
  const line = root.querySelector('.note-line'); if (line) line.textContent = notes[frame] || '';
  const now = [...root.querySelectorAll(`.node[data-frame="${frame}"]`)].map(one => [one.getBBox(), one.moved || 0]);
  const canvas = root.querySelector('.canvas'), end = Math.max(0, ...now.map(([box, moved]) => box.x + box.width + moved)) + 20;
  canvas.scrollLeft = end - canvas.clientWidth;  // a tree that is wider than its place is followed
};
/* Columns stand as far from each other as the place is wide, within reason: words keep their size. */
const LABEL = 80, CLOSE = .58, FAR = 1.25;
const numbers = (words) => words.split(' ').map(Number);
const fit = () => {
  const root = board(), svg = root?.querySelector('.canvas svg'), room = root?.querySelector('.canvas').clientWidth;
  if (!svg || !room) return;
  const last = Number(svg.dataset.last), high = svg.viewBox.baseVal.height;
  const by = Math.min(FAR, Math.max(CLOSE, (room - LABEL - 4) / last)), at = (x) => Math.round(x * by * 10) / 10;
  svg.setAttribute('width', Math.round(last * by + LABEL));
  svg.setAttribute('viewBox', `0 0 ${Math.round(last * by + LABEL)} ${high}`);
  for (const node of svg.querySelectorAll('.node')) {
    const x = Number(node.dataset.x);
    node.moved = at(x) - x;
    node.setAttribute('transform', `translate(${node.moved} 0)`);
  }
  for (const edge of svg.querySelectorAll('.edge')) {
    const [x, y] = numbers(edge.dataset.from), [toX, toY] = numbers(edge.dataset.to), bend = (at(x) + at(toX)) / 2;
    edge.setAttribute('d', `M${at(x)} ${y}C${bend} ${y} ${bend} ${toY} ${at(toX)} ${toY}`);
  }
  const start = svg.querySelector('.root');
  if (start) start.setAttribute('transform', `translate(${at(16) - 16} 0)`);
};
const ended = () => { const canvas = board()?.querySelector('.canvas'); if (canvas) canvas.scrollLeft = canvas.scrollWidth; };
new ResizeObserver(() => { fit(); ended(); }).observe(element);
/* gradio writes another tree into the elements of the last one: what was moved and hidden there is put right. */
const look = () => {
  const root = board();
  if (root) {
    fit();
    if (root.dataset.key !== state.key) {
      stop();
      root.querySelectorAll('.later').forEach(one => one.classList.remove('later'));
      const range = root.querySelector('input[type=range]'); range.value = range.max;
      root.querySelector('.note-line').textContent = '';
      ended();
    }
  }
  state.key = root?.dataset.key;
  watcher.takeRecords();  // of what was done just now
};
const watcher = new MutationObserver(look);
const stop = () => { clearInterval(state.timer); state.timer = null;
  const play = element.querySelector('.play'); if (play) play.textContent = 'Replay'; };
watcher.observe(element, {childList: true, subtree: true, attributes: true,
  attributeFilter: ['data-key', 'data-x', 'data-from', 'data-to', 'transform', 'd', 'viewBox', 'width']});
look();
const play = () => {
  const root = board(); if (!root) return;
  const range = root.querySelector('input[type=range]'), last = +range.max;
  if (+range.value >= last) show(0);
  root.querySelector('.play').textContent = 'Pause';
  const wait = () => 1000 / +root.querySelector('select').value;
  state.timer = setInterval(() => {
    if (board() !== root || +range.value >= last) { stop(); return; }
    show(+range.value + 1);
  }, wait());
};
const choose = (node) => {
  if (!node) return;
  element.querySelectorAll('.node.read').forEach(one => one.classList.remove('read'));
  node.classList.add('read');
  board().querySelectorAll('[data-place][tabindex="0"]').forEach(one => { one.tabIndex = -1; });
  node.tabIndex = 0;
  trigger('click', {place: node.dataset.place});
};
/* A finger is wider than a node: what it falls beside is meant. */
const nearest = (event) => {
  if (!event.target.closest('.canvas svg')) return null;
  let found = null, least = 16;
  for (const mark of element.querySelectorAll('.node:not(.later) > :is(circle, rect)')) {
    const box = mark.getBoundingClientRect();
    const far = Math.hypot(box.x + box.width / 2 - event.clientX, box.y + box.height / 2 - event.clientY);
    if (far < least) [found, least] = [mark.parentElement, far];
  }
  return found;
};
element.addEventListener('click', event => {
  if (event.target.closest('.play')) { if (state.timer) stop(); else play(); return; }
  choose(event.target.closest('[data-place]') || nearest(event));
});
element.addEventListener('keydown', event => {
  const node = event.target.closest('[data-place]'); if (!node) return;
  if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); choose(node); return; }
  const step = {ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1}[event.key]; if (!step) return;
  event.preventDefault();
  const all = [...board().querySelectorAll('[data-place]')];
  const next = all[all.indexOf(node) + step]; if (!next) return;
  node.tabIndex = -1; next.tabIndex = 0; next.focus();
});
element.addEventListener('input', event => {
  if (event.target.type === 'range') { stop(); show(+event.target.value); }
});
element.addEventListener('change', event => {
  if (event.target.tagName === 'SELECT' && state.timer) { stop(); play(); }
});
if (!matchMedia('(prefers-reduced-motion: reduce)').matches && 'IntersectionObserver' in window) {
  const seen = new IntersectionObserver(found => {
    if (found.some(one => one.isIntersecting) && board() && board().dataset.board === 'first') {
      seen.disconnect(); play();
    }
  });
  seen.observe(element);
}
