/* A card of a guided tour (see ui/tour.py). */
const card = () => element.querySelector('.tour-card');
const go = (key) => {
  const one = key && document.getElementById(`${card().dataset.tab}-tour-${key}`);
  if (one) one.click();
};
element.addEventListener('click', event => {
  if (event.target.closest('[data-close]')) { home(); return; }
  const guess = event.target.closest('[data-guess]'), way = event.target.closest('[data-go]');
  if (guess) trigger('click', {key: card().dataset.key, guess: guess.dataset.guess, first: !card().dataset.where});
  else if (way && !way.disabled) go(way.dataset.go);
});
const keys = (event) => {
  const by = {ArrowRight: 'Next', ArrowLeft: 'Back'}[event.key];
  if (!by || event.target.closest('input, textarea, select')) return;
  const [back, next] = [...element.querySelectorAll('[data-go]')];
  const one = by === 'Next' ? next : back;
  if (one && !one.disabled) { event.preventDefault(); go(one.dataset.go); }
};
(element.closest('.tour-bar') || element).addEventListener('keydown', keys);
/* Once a question was asked, it stays in sight wherever its figure is: it floats at the top of the window, or at its end
   on a phone, whose figures may stand above it. What loads late moves the figure; until the person acts, it is followed. */
const bar = element.closest('.tour-bar'), note = bar?.querySelector(':scope > .tour-note') || element;
let asked = 0, upto = 0, again = 0, at = 0, lit = null, shown = '';
const home = () => { bar?.classList.remove('asked'); upto = 0; };
const float = () => {
  if (!bar) return;
  bar.classList.add('asked');
  bar.style.setProperty('--above', `${note.offsetTop}px`);
  for (const one of [bar.parentElement, document.documentElement]) one.style.setProperty('--tour', `${note.offsetHeight}px`);
};
const room = () => { // what the card leaves of the window
  const box = note.getBoundingClientRect();
  return box.top < innerHeight / 2 ? [box.bottom > 0 ? box.bottom : 0, innerHeight] : [0, Math.min(box.top, innerHeight)];
};
for (const kind of ['wheel', 'touchmove', 'keydown', 'pointerdown']) addEventListener(kind, () => { upto = 0; }, {passive: true});
const follow = (where, calm, number) => {
  if (number !== asked || Date.now() > upto || !element.offsetParent) return;
  const figure = document.getElementById(where);
  if (figure && figure.offsetHeight) {
    float();
    const box = figure.getBoundingClientRect(), [top, end] = room(), still = Math.abs(box.top - at) < 1;
    const block = box.height > end - top ? 'start' : 'nearest';
    const seen = block === 'start' ? Math.abs(box.top - top) < 20 : box.top > top - 1 && box.bottom < end + 1;
    if (still && !seen && Date.now() > again) { // a scroll that was just begun may not have moved anything yet
      again = Date.now() + 800;
      figure.scrollIntoView({behavior: calm ? 'auto' : 'smooth', block});
    }
    if (lit !== figure) { lit = figure; figure.classList.remove('toured'); void figure.offsetWidth; figure.classList.add('toured'); }
    at = box.top;
  }
  setTimeout(() => follow(where, calm, number), 120);
};
const begin = () => {
  lit?.classList.remove('toured'); lit = null; again = 0; upto = Date.now() + 8000;
  const where = card().dataset.where, number = ++asked;
  setTimeout(() => follow(where, matchMedia('(prefers-reduced-motion: reduce)').matches, number), 200);
};
watch('value', () => {
  const one = card(); if (!one || !one.dataset.where) return;
  if (bar) bar.querySelectorAll('.tour button').forEach(b => b.setAttribute('aria-pressed', b.id === `${one.dataset.tab}-tour-${one.dataset.key}`));
  const now = one.dataset.key + one.dataset.where + !one.querySelector('[data-guess]'); if (now === shown) return; shown = now;
  begin();
});
bar?.addEventListener('click', event => { // the question that is there, once more: nothing comes from the server
  if (event.target.closest('.tour button[aria-pressed=true]') && card()?.dataset.where) setTimeout(begin, 50);
});
