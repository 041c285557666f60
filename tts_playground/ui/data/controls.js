/* Every control works by mouse, touch, keyboard and typed number alike. */
(() => {
  const MOVES = new Set(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'PageUp', 'PageDown', 'Home', 'End']);
  const PAUSE = 450; // milliseconds after the last key until a value counts as let go of
  const later = new WeakMap();
  const native = (part) => part?.closest('.block')?.querySelector('input[type=range]:not(.ratio)');

  /* Gradio tells that a slider was let go of by mouse and touch alone. */
  const letGo = (part) => {
    const range = native(part);
    if (!range) return;
    clearTimeout(later.get(range));
    later.set(range, setTimeout(
      () => range.dispatchEvent(new PointerEvent('pointerup', {bubbles: true})), PAUSE));
  };
  document.addEventListener('keyup', (event) => {
    if (event.target.matches?.('input[type=range]') && MOVES.has(event.key)) letGo(event.target);
  });
  document.addEventListener('input', (event) => {
    if (event.target.matches?.('input[type=number]')) letGo(event.target);
  });

  /* A number field that is emptied, on the way to another number, is no setting yet; left so, it goes back. */
  const kept = new WeakMap();
  const field = (event) => event.target.matches?.('input[type=number]') ? event.target : null;
  document.addEventListener('focusin', (event) => { if (field(event)?.value) kept.set(event.target, event.target.value); });
  document.addEventListener('input', (event) => {
    if (!field(event)) return;
    if (event.target.value) kept.set(event.target, event.target.value); else event.stopImmediatePropagation();
  }, true);
  document.addEventListener('focusout', (event) => {
    if (field(event) && !event.target.value && kept.has(event.target)) event.target.value = kept.get(event.target);
  }, true);

  /* Enter draws, Shift+Enter breaks a line. */
  const RUNS = {
    't2i-prompt': 't2i-run', 'vqa-question': 'vqa-run', 'vqa-truth': 'vqa-run', 'math-problem': 'math-run',
    'math-truth': 'math-run', 'audit-labels': 'audit-ask',
  };
  const entered = (event) => {
    if (event.key !== 'Enter' || event.isComposing || !event.target.matches?.('textarea, input')) return;
    const run = document.getElementById(RUNS[event.target.closest('.block')?.id] || '');
    if (!run) return;
    event.stopPropagation(); // gradio has it the other way round
    if (event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    if (event.type === 'keydown') run.click();
  };
  for (const kind of ['keydown', 'keypress']) document.addEventListener(kind, entered, true);

  /* Ctrl+Z undoes a stroke; in a field it undoes typing, as ever. */
  document.addEventListener('keydown', (event) => {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || !['z', 'y'].includes(key)) return;
    const canvas = document.getElementById('sketch-canvas');
    if (!canvas?.offsetParent || event.target.closest?.('input:not([type=range]), textarea, [contenteditable]')) return;
    const again = key === 'y' || event.shiftKey;
    const button = canvas.querySelector(`button[aria-label="${again ? 'Redo' : 'Undo'}"]:not([disabled])`);
    if (!button) return;
    event.preventDefault();
    button.click();
  });

  /* Where the range of a slider is a ratio, equal ways on it are equal factors. */
  const STEPS = 1000;
  const ratio = (range) => {
    const [low, high, step] = [range.min, range.max, range.step].map(Number);
    const zero = low <= 0 ? 1 : 0; // a lowest value of 0 has a place of its own at the left end
    const first = zero ? step || 1 : low;
    const place = (value) => value <= low ? 0
      : Math.round(zero * 20 + (STEPS - zero * 20) * Math.log(value / first) / Math.log(high / first));
    const value = (at) => {
      if (at <= 0) return low;
      const exact = first * (high / first) ** (Math.max(0, at - zero * 20) / (STEPS - zero * 20));
      return Math.min(high, Math.max(first, low + Math.round((exact - low) / step) * step));
    };
    return {low, high, step, place, value};
  };
  const number = (range) => range.closest('.block').querySelector('input[type=number]');
  const put = (range, wanted) => {
    range.value = String(wanted);
    range.dispatchEvent(new Event('input', {bubbles: true}));
  };
  const show = (own, range, scale) => {
    const now = Number(range.value);
    if (document.activeElement !== own || scale.value(Number(own.value)) !== now) own.value = String(scale.place(now));
    own.style.setProperty('--range_progress', `${100 * Number(own.value) / STEPS}%`);
    own.setAttribute('aria-valuetext', String(now));
  };
  const twin = (range) => {
    const scale = ratio(range);
    const own = document.createElement('input');
    Object.assign(own, {type: 'range', min: '0', max: String(STEPS), step: '1', className: range.className});
    own.classList.add('ratio');
    own.setAttribute('aria-label', range.getAttribute('aria-label') || '');
    range.before(own);
    range.classList.add('hidden-range');
    range.tabIndex = -1;
    own.addEventListener('input', () => { put(range, scale.value(Number(own.value))); show(own, range, scale); });
    own.addEventListener('pointerup', () => range.dispatchEvent(new PointerEvent('pointerup', {bubbles: true})));
    own.addEventListener('keydown', (event) => {
      if (!MOVES.has(event.key)) return;
      event.preventDefault();
      const now = Number(range.value);
      const up = ['ArrowRight', 'ArrowUp', 'PageUp'].includes(event.key);
      const far = event.key.startsWith('Page') ? 2 : 1.08;
      const share = up ? far - 1 : 1 - 1 / far;
      const by = Math.max(scale.step, Math.round(now * share / scale.step) * scale.step);
      const next = event.key === 'Home' ? scale.low : event.key === 'End' ? scale.high : now + (up ? by : -by);
      put(range, Math.min(scale.high, Math.max(scale.low, next)));
      show(own, range, scale);
    });
    new MutationObserver(() => show(own, range, scale)).observe(range, {attributes: true, attributeFilter: ['style']});
    show(own, range, scale);
  };

  /* What a hint says is also shown on touch, and to the keyboard. */
  const HINTED = ':is(.status dl div, .picks dl div, .chip, th)[title], [data-hint]';
  let bubble = null;
  const hide = () => { bubble?.remove(); bubble = null; };
  const hint = (part) => {
    hide();
    const words = part.getAttribute('title') || part.dataset.hint;
    if (!words) return;
    bubble = Object.assign(document.createElement('div'), {className: 'hint-bubble', textContent: words});
    bubble.setAttribute('role', 'tooltip');
    bubble.of = part;
    document.body.append(bubble);
    const box = part.getBoundingClientRect();
    bubble.style.left = `${Math.max(8, Math.min(box.left, innerWidth - bubble.offsetWidth - 8))}px`;
    bubble.style.top = `${box.bottom + scrollY + 4}px`;
  };
  document.addEventListener('pointerup', (event) => {
    const part = event.target.closest?.(HINTED);
    if (part && event.pointerType !== 'mouse') hint(part); else hide();
  });
  document.addEventListener('focusin', (event) => {
    if (event.target.matches?.(HINTED) && event.target.matches(':focus-visible')) hint(event.target);
  });
  document.addEventListener('focusout', (event) => { // a tap takes the focus from another part only after its hint stands
    if (bubble?.of === event.target) hide();
  });
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape') hide(); });

  new MutationObserver(() => {
    // gradio's empty boxes carry a label, which needs a role
    for (const box of document.querySelectorAll('.empty[aria-label]:not([role])')) box.setAttribute('role', 'img');
    // a picture that can be clicked is a button, which needs a name
    for (const button of document.querySelectorAll('.image-container > button:not([aria-label])')) {
      button.setAttribute('aria-label', 'The picture; a click chooses a place in it');
    }
    // the open list of a menu is gone once it has the focus, which a long one gets on its way to the next control
    for (const list of document.querySelectorAll('ul[role=listbox]:not([tabindex])')) list.tabIndex = -1;
    // a label that holds a copy button names that instead of its field
    for (const field of document.querySelectorAll('label:has(button) textarea:not([aria-label])')) {
      field.setAttribute('aria-label', field.closest('label').querySelector('[data-testid=block-info]')?.textContent.trim() || 'text');
    }
    // wide code can be scrolled by keyboard
    for (const code of document.querySelectorAll('.cm-scroller[tabindex="-1"]')) code.tabIndex = 0;
    for (const range of document.querySelectorAll('.ratio-slider input[type=range]:not(.ratio):not(.hidden-range)')) {
      if (number(range)) twin(range);
    }
  }).observe(document.documentElement, {childList: true, subtree: true});
})();
