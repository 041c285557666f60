/* Plays again what a board tells: an image token by token, or a text word by word, with what else might have come. */
const board = () => element.querySelector('.replay-board');
let timer = null, at = -1, told = null, picture = null, seen = null, read = null, taken = false;
const make = (name, given = {}, words = '') => {
  const one = document.createElement(name);
  Object.entries(given).forEach(([key, value]) => one.setAttribute(key, value));
  if (words) one.textContent = words; return one;
};
const percent = (p) => p >= .995 ? '100 %' : p >= .1 ? Math.round(100 * p) + ' %' : p >= .001 ? (100 * p).toFixed(1) + ' %' : 'under 0.1 %';
const last = () => told ? told.p.length - 1 : -1;
const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
const speed = () => +board().querySelector('select').value;

const bars = (rows) => {
  const box = board()?.querySelector('.bars'); if (!box) return; box.textContent = '';
  rows.forEach(row => {
    const name = make('span', {class: 'name'});
    if (row.picture) { name.appendChild(make('img', {src: row.picture, alt: row.name})); } else name.textContent = row.name;
    const rail = make('span', {class: 'rail' + (row.drawn ? ' drawn' : '')}), fill = make('i');
    fill.style.width = Math.max(.5, 100 * row.p) + '%'; rail.appendChild(fill);
    box.append(name, rail, make('span', {}, percent(row.p) + (row.drawn ? ' ★' : '')));
  });
};
const distribution = (i) => {
  const top = (told.top || [])[i], mine = told.names ? told.names[i] : told.tokens[i];
  if (!top || !top.length) {
    return [{name: 'the one drawn', p: told.p[i], drawn: true}, {name: 'all others', p: Math.max(0, 1 - told.p[i])}];
  }
  const label = (token) => told.names ? String(token) : 'token ' + token;
  const rows = top.map(([token, p]) => ({name: label(token), picture: (told.patches || {})[token], p, drawn: token === mine}));
  if (!rows.some(one => one.drawn)) rows.push({name: label(mine), picture: (told.patches || {})[mine], p: told.p[i], drawn: true});
  const rest = 1 - rows.reduce((sum, one) => sum + one.p, 0);
  if (rest > .005) rows.push({name: 'all others', p: rest});
  return rows;
};
const pulse = () => {
  const svg = board().querySelector('svg.pulse'); if (!svg) return;
  const most = Math.max(...told.entropy, .1), wide = 460, high = 60, x = i => wide * i / Math.max(1, last()), y = v => 2 + high * (1 - v / most);
  svg.setAttribute('viewBox', `0 0 ${wide} 64`); svg.setAttribute('preserveAspectRatio', 'none');
  svg.innerHTML = `<path d="M${told.entropy.map((v, i) => x(i).toFixed(1) + ',' + y(v).toFixed(1)).join('L')}"/><line x1="${x(Math.max(0, at))}" x2="${x(Math.max(0, at))}" y1="0" y2="64"/>`;
};
const paintImage = () => {
  const canvas = board().querySelector('canvas'), pen = canvas.getContext('2d'), side = canvas.width, cell = side / told.grid;
  pen.imageSmoothingEnabled = false; pen.fillStyle = '#808080'; pen.fillRect(0, 0, side, side);
  const map = board().querySelector('.map input').checked, most = Math.max(...told.entropy, .1);
  for (let i = 0; i <= at; i++) {
    const c = i % told.grid, r = Math.floor(i / told.grid), from = picture.naturalWidth / told.grid;
    pen.drawImage(picture, c * from, r * from, from, from, c * cell, r * cell, cell, cell);
    if (map) { pen.globalAlpha = .78; pen.fillStyle = heat(told.entropy[i] / most); pen.fillRect(c * cell, r * cell, cell, cell); pen.globalAlpha = 1; }
  }
  if (at >= 0 && at < told.p.length) {
    const c = at % told.grid, r = Math.floor(at / told.grid);
    pen.strokeStyle = '#d55e00'; pen.lineWidth = 3; pen.strokeRect(c * cell + 1.5, r * cell + 1.5, cell - 3, cell - 3);
  }
};
const STOPS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
const heat = (v) => {
  const s = Math.min(.999, Math.max(0, v)) * (STOPS.length - 1), i = Math.floor(s), f = s - i;
  return `rgb(${STOPS[i].map((one, k) => Math.round(one + f * (STOPS[i + 1][k] - one))).join(',')})`;
};
const paintText = () => {
  const box = board()?.querySelector('.text'); if (!box) return; box.textContent = '';
  told.words.slice(0, at + 1).forEach((word, i) => box.appendChild(make('span', i === at ? {class: 'now'} : {}, word)));
};
const say = () => {
  const said = board()?.querySelector('.said'), i = Math.max(0, at);
  if (!said) return;  // gradio has put another board there
  if (board().dataset.replay === 'image') {
    const ways = Math.exp(told.entropy[i]);
    said.textContent = `Token ${i + 1} of ${told.p.length}, row ${Math.floor(i / told.grid) + 1}, column ${i % told.grid + 1}: `
      + (ways < 1.15 ? 'the model is nearly certain. ' : `the model hesitates, as if among ${ways.toFixed(1)} tokens. `)
      + `The one drawn had a chance of ${percent(told.p[i])}.`;
  } else {
    said.textContent = told.said[i];
  }
};
const show = (place) => {
  if (!seen || board() !== seen || !seen.querySelector('.said')) return;  // another board has come meanwhile
  at = Math.min(last(), Math.max(0, place));
  board().querySelector('input[type=range]').value = at;
  board().dataset.at = at;
  if (board().dataset.replay === 'image') paintImage(); else paintText();
  bars(distribution(at)); pulse(); say();
};
const stop = () => { clearTimeout(timer); timer = null; const one = board() && board().querySelector('.play'); if (one) one.textContent = 'Play'; };
const tick = (mine) => {
  if (board() !== mine || at >= last()) { stop(); return; }
  show(at + 1); timer = setTimeout(() => tick(mine), 1000 / speed());
};
const play = () => {
  if (timer) { stop(); return; }
  if (at >= last()) show(0);
  const mine = board(), key = mine?.querySelector('.play'); if (!key) return;
  key.textContent = 'Pause'; timer = setTimeout(() => tick(mine), 1000 / speed());
};
const build = () => {
  const mine = board();
  if (!mine || (mine === seen && mine.dataset.told === read && mine.querySelector('.said'))) return;
  stop(); seen = mine; read = mine.dataset.told;
  told = JSON.parse(mine.dataset.told); mine.textContent = '';
  const left = make('div'), right = make('div'), keys = make('div', {class: 'keys'}), image = mine.dataset.replay === 'image';
  left.appendChild(make('p', {class: 'what'}, mine.dataset.title));
  if (image) {
    const canvas = make('canvas', {width: 256, height: 256, role: 'img', 'aria-label': 'the image as far as it is drawn; click a patch to go there'});
    left.appendChild(canvas);
    canvas.addEventListener('click', e => {
      const box = canvas.getBoundingClientRect(), c = Math.floor((e.clientX - box.left) / box.width * told.grid), r = Math.floor((e.clientY - box.top) / box.height * told.grid);
      stop(); show(r * told.grid + c);
    });
  } else left.appendChild(make('p', {class: 'text'}));
  right.appendChild(make('p', {class: 'said'}));
  right.appendChild(make('div', {class: 'bars', role: 'group', 'aria-label': 'what might have come here'}));
  if (told.entropy) {
    right.appendChild(make('p', {class: 'what'}, 'Entropy, token by token: high where the model hesitates.'));
    right.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'svg')).setAttribute('class', 'pulse');
  }
  const playing = make('button', {type: 'button', class: 'plainbutton play'}, 'Play');
  const back = make('button', {type: 'button', class: 'plainbutton', 'aria-label': 'One step back'}, '‹');
  const on = make('button', {type: 'button', class: 'plainbutton step', 'aria-label': 'One step on'}, '›');
  const range = make('input', {type: 'range', min: 0, max: last(), value: 0, 'aria-label': image ? 'token' : 'word'});
  const pace = make('label', {}, 'Speed '), select = make('select', {'aria-label': 'steps a second'});
  [[2, 'slow'], [6, 'normal'], [20, 'fast']].forEach(([value, name]) => select.appendChild(make('option', {value}, name)));
  select.value = '6'; pace.appendChild(select); keys.append(playing, back, on, range, pace);
  if (image) {
    const map = make('label', {class: 'map'}), box = make('input', {type: 'checkbox'});
    map.append(box, ' entropy map'); keys.appendChild(map); box.addEventListener('change', () => show(at));
    const most = Math.max(...told.entropy, .1), scale = make('span', {class: 'scale'});
    scale.append('0', make('i'), most.toFixed(1) + ' nats'); keys.appendChild(scale);
    const hard = make('button', {type: 'button', class: 'plainbutton hard'}, 'Go to the hardest choice');
    hard.addEventListener('click', () => { stop(); show(told.entropy.indexOf(Math.max(...told.entropy))); }); keys.appendChild(hard);
  }
  mine.append(left, right, keys);
  playing.addEventListener('click', play);
  back.addEventListener('click', () => { stop(); show(at - 1); }); on.addEventListener('click', () => { stop(); show(at + 1); });
  range.addEventListener('input', () => { stop(); show(+range.value); });
  taken = false;  // once somebody has taken over, it does not begin by itself
  [left, keys].forEach(one => ['click', 'input'].forEach(kind => one.addEventListener(kind, () => { taken = true; }, true)));
  at = -1;
  if (image) { const own = picture = new Image(); own.onload = () => { if (board() === mine && picture === own) { show(calm() ? last() : 0); arrive(); } }; own.src = told.picture; }
  else { show(calm() ? last() : 0); arrive(); }
};
const arrive = () => {
  if (calm() || !('IntersectionObserver' in window)) return;
  const mine = board(), watcher = new IntersectionObserver(found => {
    if (found.some(one => one.isIntersecting)) { watcher.disconnect(); if (board() === mine && !timer && !taken && at === 0) play(); }
  }, {threshold: .3});
  watcher.observe(mine);
};
watch('value', build);
// gradio keeps the board where it can: it takes out what stands in it and writes another telling to it, after "value" has changed
new MutationObserver(build).observe(element, {childList: true, subtree: true, attributes: true, attributeFilter: ['data-told']});
build();
