/* Marks that belong together light up together: elements with data-marks, pictures of a gallery, points of a chart.
   Mouse, tap and keyboard focus do the same. `element` is a block of the tab; nothing is asked of the server. */
const root = element.closest('[role=tabpanel]') || document.body;
const NEAR = 'data-marks', OVER = 'marks-over';
let pinned = false, busy = false;

const linking = () => {
  const one = root.querySelector('[data-linking]');
  try { return one ? JSON.parse(one.dataset.linking) : {}; } catch (e) { return {}; }
};
const galleryItem = (node) => {
  const item = node.closest && node.closest('.thumbnail-item');
  const data = item && linking(), box = item && item.closest('.thumbs');
  if (!item || !data.gallery || !box || box.id !== data.gallery) return null;
  return [...box.querySelectorAll('.thumbnail-item')].indexOf(item);
};
const marksOf = (node) => {
  const one = node.closest && node.closest(`[${NEAR}]`);
  if (one) return one.getAttribute(NEAR).split(' ').filter(Boolean);
  const place = galleryItem(node);
  return place === null ? [] : (linking().items || [])[place] || [];
};
/* How likely each picture is to be the best of N drawn out of the pool, by its rank (0 is the best). */
const chances = (n, data) => {
  const all = []; let p = n / data.pool;
  for (let rank = 0; rank < data.pool; rank++) { all.push(p); p *= Math.max(0, data.pool - rank - n) / Math.max(1, data.pool - rank - 1); }
  return (data.ranks || []).map(rank => [rank].flat().reduce((sum, one) => sum + (all[one] || 0), 0));
};
const pointMarks = (gd, trace, number) => {
  const marks = trace && trace.meta && trace.meta.marks;
  return !marks ? [] : (Array.isArray(marks) ? marks[number] || '' : marks).split(' ').filter(Boolean);
};
const charts = () => [...root.querySelectorAll('.js-plotly-plot')].filter(gd => gd._fullLayout && gd.offsetParent);
const axis = (gd, name, letter) => gd._fullLayout[letter + 'axis' + (name || letter).slice(1)];
const over = (gd) => {
  gd.querySelectorAll('.' + OVER).forEach(one => one.remove());
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', OVER); svg.setAttribute('aria-hidden', 'true');
  gd.style.position = 'relative'; gd.appendChild(svg); return svg;
};
const shape = (svg, name, given) => {
  const one = document.createElementNS('http://www.w3.org/2000/svg', name);
  Object.entries(given).forEach(([key, value]) => one.setAttribute(key, value)); svg.appendChild(one); return one;
};
const light = (gd, marks, levels) => {
  const svg = over(gd); let found = 0;
  gd.data.forEach((trace, number) => {
    const full = (gd._fullData || []).find(one => one.index === number) || trace;
    if (full.visible === false || full.visible === 'legendonly' || !trace.meta) return;
    const xa = axis(gd, full.xaxis, 'x'), ya = axis(gd, full.yaxis, 'y'); if (!xa || !ya) return;
    const place = (i) => [xa._offset + xa.d2p(full.x[i]), ya._offset + ya.d2p(full.y[i])];
    const whole = typeof trace.meta.marks === 'string';
    if (whole && !trace.meta.marks.split(' ').some(one => marks.has(one))) return;
    if (whole && full.type === 'scatter') {
      const way = [...full.x].map((_, i) => place(i).join(',')).join(' ');
      shape(svg, 'polyline', {points: way, class: 'way'}); found++; return;
    }
    if (full.type === 'heatmap') {
      (trace.meta.grid || []).forEach((row, r) => row.forEach((mark, c) => {
        if (!marks.has(mark)) return;
        const w = xa._length / full.x.length, h = ya._length / full.y.length, x = xa._offset + xa.d2p(full.x[c]), y = ya._offset + ya.d2p(full.y[r]);
        shape(svg, 'rect', {x: x - w / 2, y: y - h / 2, width: w, height: h}); found++;
      })); return;
    }
    for (let i = 0; i < (full.x || []).length; i++) {
      if (!pointMarks(gd, trace, i).some(one => marks.has(one))) continue;
      const [x, y] = place(i); found++;
      if (full.type === 'bar') {
        const wide = full.width ? (Array.isArray(full.width) ? full.width[i] : full.width[i] || 1) : 1;
        const w = Math.abs(xa.d2p(full.x[i] + wide) - xa.d2p(full.x[i])) || 12;
        const zero = ya._offset + ya.d2p(0);
        shape(svg, 'rect', {x: x - w / 2, y: Math.min(y, zero), width: w, height: Math.max(2, Math.abs(zero - y))});
      } else shape(svg, 'circle', {cx: x, cy: y, r: 9});
    }
  });
  if (levels && levels.length && gd.closest('#' + levels[0])) {
    const ya = gd._fullLayout.yaxis, xa = gd._fullLayout.xaxis, y = ya._offset + ya.d2p(levels[1]);
    if (y > ya._offset && y < ya._offset + ya._length) {
      shape(svg, 'line', {x1: xa._offset, x2: xa._offset + xa._length, y1: y, y2: y}); found++;
    }
  }
  if (!found) svg.remove();
};
const clear = () => {
  root.classList.remove('linking');
  root.querySelectorAll('.lit').forEach(one => { one.classList.remove('lit'); one.removeAttribute('data-chance'); });
  root.querySelectorAll('.' + OVER).forEach(one => one.remove());
};
const activate = (list) => {
  clear(); if (!list.length) return;
  const marks = new Set(list), data = linking(), items = data.items || [];
  const drawn = list.map(one => /^n-(\d+)$/.exec(one)).find(Boolean);
  const share = drawn && data.pool ? chances(Math.min(+drawn[1], data.pool), data) : null;
  if (share) share.forEach((p, i) => { if (p >= .005) marks.add('image-' + i); });
  const level = list.map(one => /^image-(\d+)$/.exec(one)).find(Boolean);
  const levels = level && data.scores ? [data.curve, data.scores[+level[1]]] : null;
  if (!drawn && level) (items[+level[1]] || []).forEach(one => marks.add(one));
  root.classList.add('linking');
  root.querySelectorAll(`[${NEAR}]`).forEach(one => {
    if (one.getAttribute(NEAR).split(' ').some(mark => marks.has(mark))) one.classList.add('lit');
  });
  const box = data.gallery && document.getElementById(data.gallery);
  if (box) box.querySelectorAll('.thumbnail-item').forEach((one, i) => {
    const mine = share ? marks.has('image-' + i) : (items[i] || []).some(mark => list.includes(mark));
    one.classList.toggle('lit', mine);
    if (mine && share) one.setAttribute('data-chance', Math.round(100 * share[i]) + ' %');
  });
  charts().forEach(gd => light(gd, marks, levels));
};
const hear = (node) => { const marks = marksOf(node); if (marks.length) { activate(marks); return true; } return false; };

root.addEventListener('pointerover', e => { if (e.pointerType !== 'touch' && !pinned) hear(e.target); });
root.addEventListener('pointerout', e => { if (!pinned && marksOf(e.target).length && !(e.relatedTarget && marksOf(e.relatedTarget).length)) clear(); });
root.addEventListener('focusin', e => { if (e.target.matches(':focus-visible')) hear(e.target); });
root.addEventListener('focusout', e => { if (!pinned && marksOf(e.target).length) clear(); });
root.addEventListener('click', e => {
  if (e.target.closest('.js-plotly-plot')) return;
  pinned = false;
  if (hear(e.target)) pinned = matchMedia('(hover: none)').matches; else clear();
});
/* Every point that says something, of what carries marks first; of a map every cell, as [row, column]. */
const marked = (trace) => !!(trace.meta && (trace.meta.marks || trace.meta.grid));
const finite = (values, i) => values && values[i] !== null && values[i] !== undefined && !Number.isNaN(values[i]);
const places = (trace) => trace.type === 'heatmap'
  ? [...(trace.z || [])].flatMap((row, r) => [...row].map((_, c) => [r, c])).filter(([r, c]) => finite(trace.z[r], c))
  : [...Array((trace.x || []).length).keys()].filter(i => finite(trace.x, i) && finite(trace.y, i));
const walk = (gd) => (gd._fullData || [])
  .filter(trace => trace.visible === true && (marked(trace) || !['skip', 'none'].includes(trace.hoverinfo)))
  .sort((one, other) => marked(other) - marked(one)).flatMap(trace => places(trace).map(at => [trace.index, at]));
const lit = (trace, at) => trace.meta && trace.meta.grid
  ? [(trace.meta.grid[at[0]] || [])[at[1]]].filter(Boolean) : pointMarks(null, trace, at);
const step = (gd, by) => {
  const all = walk(gd); if (!all.length) return;
  gd.__at = gd.__at === undefined ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, gd.__at + by));
  const [curve, at] = all[gd.__at];
  try { window.Plotly && window.Plotly.Fx.hover(gd, [{curveNumber: curve, pointNumber: at}]); } catch (e) { /* tells no more */ }
  activate(lit(gd.data[curve], at));
};
const attach = () => {
  busy = false;
  root.querySelectorAll('img').forEach(one => { if (one.complete) crisp(one); });
  root.querySelectorAll('.js-plotly-plot').forEach(gd => {
    if (gd.__marks || !gd.on || !walk(gd).length) return;
    gd.__marks = true;
    const told = (e) => {
      activate(lit(e.points[0].data, e.points[0].pointNumber));
    };
    gd.on('plotly_hover', e => { if (e.event && e.event.type !== 'keydown') { pinned = false; told(e); } });
    gd.on('plotly_click', e => { told(e); pinned = true; });
    gd.on('plotly_unhover', () => { if (!pinned && document.activeElement !== gd) clear(); });
    gd.tabIndex = 0; gd.setAttribute('role', 'group');
    gd.setAttribute('aria-label', 'Chart; the arrow keys walk along its points');
    gd.addEventListener('keydown', e => {
      const by = {ArrowRight: 1, ArrowLeft: -1}[e.key];
      if (by) { e.preventDefault(); step(gd, by); } else if (e.key === 'Escape') { pinned = false; clear(); }
    });
    gd.addEventListener('blur', () => { if (!pinned) clear(); });
  });
};
/* A small picture keeps its pixels; a large one is scaled smoothly. */
const crisp = (image) => { if (image.naturalWidth && image.naturalWidth <= 128) image.style.imageRendering = 'pixelated'; };
new MutationObserver(() => { if (!busy) { busy = true; requestAnimationFrame(attach); } }).observe(root, {childList: true, subtree: true});
attach();
root.addEventListener('load', e => { if (e.target.tagName === 'IMG') crisp(e.target); }, true);
