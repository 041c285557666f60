/* Nothing old under a new heading. Results say what they were made of (data-made, see pages/made.py); as soon as a control
   says something else, they are grey, a note names their own settings, and a button runs again. It compares what is
   there, so that it holds after every kind of change: a setting, a text, a picture, a model, a cancel, a refusal. */
(() => {
  /* grey: what belongs to the settings; live: what a run that goes on fills with its own; of: whose results it shows */
  const PARTS = {
    t2i: {run: 't2i-run', grey: ['t2i-reading', 't2i-picks', 't2i-reason', 't2i-curve', 't2i-gallery', 't2i-histogram']},
    vqa: {run: 'vqa-run', grey: ['vqa-verdict', 'vqa-gallery', 'vqa-curve', 'vqa-watch'], live: ['vqa-gallery']},
    sketch: {run: 'sketch-run', live: ['sketch-panel', 'sketch-program'],
      grey: ['sketch-reading', 'sketch-panel', 'sketch-curve', 'sketch-gallery', 'sketch-program']},
    audit: {run: 'audit-run', live: ['audit-histogram'], grey: ['audit-headline', 'audit-histogram', 'audit-about',
      'audit-gallery', 'audit-verdict', 'audit-curve', 'audit-effects', 'audit-heat', 'audit-calibration',
      'audit-reasons', 'audit-confusion']},
    't2i-watch': {of: 't2i', run: 't2i-run', grey: ['t2i-watch']},
    't2i-pair': {of: 't2i', run: 't2i-run', grey: ['t2i-pair-reading', 't2i-over', 't2i-scatter', 't2i-two-axes']},
    't2i-scope': {run: 't2i-look-closer', grey: ['t2i-scope', 't2i-scope-bars', 't2i-scope-status']},
    't2i-sweep': {run: 't2i-sweep', live: ['t2i-sweep-status'], grey: ['t2i-sweep-status', 't2i-sweep-grid',
      't2i-sweep-map', 't2i-sweep-diversity', 't2i-sweep-curves', 't2i-sweep-why']},
    't2i-several': {status: 't2i-several-reading', run: 't2i-several', live: ['t2i-several-reading'],
      grey: ['t2i-several-reading', 't2i-several-curve']},
    't2i-compare': {run: 't2i-compare', live: ['t2i-compare-status', 't2i-compare-figure'],
      grey: ['t2i-compare-status', 't2i-compare-figure', 't2i-trace']},
    'vqa-set': {run: 'vqa-set-run', live: ['vqa-set-status'], grey: ['vqa-set-status', 'vqa-set-curve']},
    'vqa-steps': {run: 'vqa-steps-run', live: ['vqa-steps-status', 'vqa-steps-tree', 'vqa-steps-reading'],
      grey: ['vqa-steps-status', 'vqa-steps-tree', 'vqa-steps-reading']},
    'audit-own': {run: 'audit-ask', grey: ['audit-own-status', 'audit-own-bars']},
    'sketch-contest': {run: 'sketch-contest', grey: ['sketch-contest-figure']},
  };
  const NAMES = {prompt: 'Prompt', question: 'Question', truth: 'Accepted answer', picture: 'Picture', model: 'Model',
    temperature: 'Temperature', n: 'N', seed: 'Seed', cfg: 'CFG', protocol: 'Protocol', task: 'Task', k: 'k',
    conditions: 'Conditions', strategy: 'Strategy', sampler: 'Sampler', labels: 'Labels'};
  const text = (value) => value === true ? 'true' : value === false || value === null || value === undefined ? ''
    : String(value).trim();
  const several = (value) => (Array.isArray(value) ? value.map(text) : text(value).split(',')).sort().join(',');
  const differ = (one, other) => Array.isArray(one) ? several(one) !== several(other) : text(one) !== text(other);
  const captured = {}; // part -> {made, of}: of results in which no control had a say, the controls when they came
  const read = (attribute) => [...document.querySelectorAll(`[data-${attribute}]`)].map((one) => {
    try { return JSON.parse(one.dataset[attribute]); } catch (e) { return null; }
  }).filter(Boolean);
  const controls = (tab, nows) => Object.assign({}, window.ttsSettings?.(tab),
    ...nows.filter((one) => one.tab === tab).map((one) => one.values));

  const changed = (part, made, controls) => {
    let of = made.of;
    if (!of) {
      const name = JSON.stringify(made);
      if (captured[part]?.name !== name) captured[part] = {name, of: {...controls, n: undefined, closeness: undefined}};
      of = captured[part].of;
    }
    const other = Object.keys(of).filter((name) => of[name] !== undefined && controls[name] !== undefined
      && differ(of[name], controls[name]));
    const more = Object.entries(made.most || {}).filter(([name, most]) => Number(controls[name]) > most);
    return [...other, ...more.map(([name]) => name)];
  };
  const note = (part, first) => {
    const known = document.getElementById(`${part}-old`);
    if (known) return known;
    const block = Object.assign(document.createElement('div'), {id: `${part}-old`, className: 'old-note'});
    block.setAttribute('role', 'status');
    const button = Object.assign(document.createElement('button'), {type: 'button', className: 'plainbutton'});
    button.addEventListener('click', () => document.getElementById(PARTS[part].run)?.click());
    block.append(document.createElement('p'), button);
    first.before(block);
    return block;
  };
  const mark = (part, made, names) => {
    const {of = part, run, grey, live = [], status = `${of}-status`} = PARTS[part];
    const parts = grey.map((one) => document.getElementById(one)).filter(Boolean);
    if (!parts.length) return;
    const busy = !!document.querySelector(`#${status} .busy`);
    for (const one of parts) one.classList.toggle('old', names.length > 0 && !(busy && live.includes(one.id)));
    if (!names.length) { document.getElementById(`${part}-old`)?.remove(); return; }
    const button = document.getElementById(run);
    const block = note(part, parts[0]);
    const what = names.length === 1 ? NAMES[names[0]] || 'Settings' : 'Settings';
    const words = busy ? `What is grey is still from ${made.said}.` : `${what} changed; what is grey is from ${made.said}.`;
    if (block.firstChild.textContent !== words) block.firstChild.textContent = words;
    if (block.lastChild.textContent !== button?.innerText.trim()) block.lastChild.textContent = button?.innerText.trim() || '';
    block.lastChild.hidden = busy || !button?.offsetParent;
  };
  const look = () => {
    const nows = read('now'), seen = new Map(read('made').map((made) => [made.part || made.tab, made]));
    for (const part of Object.keys(PARTS)) {
      const made = seen.get(PARTS[part].of || part);
      mark(part, made, made ? changed(part, made, controls(made.tab, nows)) : []);
      if (!made) delete captured[part];
    }
  };
  window.ttsFresh = (part) => { delete captured[part]; later(); };
  let due = 0;
  const later = () => { clearTimeout(due); due = setTimeout(look, 60); };
  document.addEventListener('tts-settings', later);
  new MutationObserver(later).observe(document.documentElement, {childList: true, subtree: true, attributes: true,
    attributeFilter: ['data-made', 'data-now']});
  document.addEventListener('click', (event) => {
    const press = event.target.closest?.('[data-press]');
    if (press) document.getElementById(press.dataset.press)?.click();
  });
})();
