/* A card of a guided tour (see ui/tour.py). */
const card = () => element.querySelector('.tour-card');
const go = (key) => {
  const one = key && document.getElementById(`${card().dataset.tab}-tour-${key}`);
  if (one) one.click();
};
element.addEventListener('click', event => {
  const guess = event.target.closest('[data-guess]'), way = event.target.closest('[data-go]');
  if (guess) trigger('click', {key: card().dataset.key, guess: guess.dataset.guess});
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
let shown = '';
watch('value', () => {
  const one = card(); if (!one || !one.dataset.where) return;
  const bar = element.closest('.tour-bar');
  if (bar) bar.querySelectorAll('.tour button').forEach(b => b.setAttribute('aria-pressed', b.id === `${one.dataset.tab}-tour-${one.dataset.key}`));
  const now = one.dataset.key + one.dataset.where; if (now === shown) return; shown = now;
  setTimeout(() => {
    const figure = document.getElementById(one.dataset.where); if (!figure) return;
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches, box = figure.getBoundingClientRect();
    if (box.top < 0 || box.bottom > innerHeight) figure.scrollIntoView({behavior: calm ? 'auto' : 'smooth', block: 'nearest'});
    figure.classList.remove('toured'); void figure.offsetWidth; figure.classList.add('toured');
  }, 350);
});
