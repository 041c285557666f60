/* The state of the page is in its address: reload, back and forward keep it. Of tabs that are not shown, the browser's
   own memory of this window keeps it. */
(() => {
  const STORE = 'tts-playground';
  const known = {}; // tab -> {names, opening}
  const memory = () => { try { return JSON.parse(sessionStorage.getItem(STORE)) || {}; } catch (e) { return {}; } };
  const remember = (all) => { try { sessionStorage.setItem(STORE, JSON.stringify(all)); } catch (e) { /* full */ } };
  const states = {};
  const text = (value) => Array.isArray(value) ? value.join(',') : value === true ? 'true'
    : value === false || value === null || value === undefined ? '' : String(value);
  const shown = () => {
    const button = document.querySelector('#tabs > .tab-wrapper [role=tab][aria-selected=true]')
      || document.querySelector('[role=tab][aria-selected=true][id^=tab-]');
    const slug = button?.id.match(/^tab-(.+)-button$/)?.[1];
    return slug || Object.keys(known)[0] || '';
  };
  const EXTRA = ['program', 'drawing', 'ink'];

  const address = (slug) => {
    const query = new URLSearchParams(location.search);
    const before = query.get('tab') || Object.keys(known)[0];
    const names = new Set(Object.values(known).flatMap((one) => one.names).concat(EXTRA));
    const kept = before === slug ? EXTRA.filter((name) => query.has(name)).map((name) => [name, query.get(name)]) : [];
    for (const name of names) query.delete(name);
    query.delete('tab');
    const own = Object.entries(states[slug]?.changed || {});
    const more = states[slug]?.extra ? [...new URLSearchParams(states[slug].extra)] : states[slug]?.extra === '' ? [] : kept;
    if (slug !== Object.keys(known)[0] || own.length || more.length || location.search.includes('tab=')) {
      query.set('tab', slug);
    }
    for (const [name, value] of [...own, ...more]) query.set(name, value);
    const line = query.toString();
    return location.pathname + (line ? '?' + line : '') + location.hash;
  };
  const write = (slug, how) => {
    const line = address(slug);
    if (line.length > 6000) return; // no server takes such an address
    history[how]({tab: slug}, '', line);
  };

  window.ttsKnown = (slug, names, opening) => { known[slug] ??= {names, opening: opening.map(text)}; };
  window.ttsKeep = (slug, names, opening, values) => {
    window.ttsKnown(slug, names, opening);
    const changed = {};
    names.forEach((name, place) => {
      const value = text(values[place]);
      if (value !== known[slug].opening[place]) changed[name] = value;
    });
    states[slug] = {...states[slug], changed, all: Object.fromEntries(names.map((n, i) => [n, values[i]]))};
    remember({...memory(), [slug]: states[slug]});
    if (slug === shown()) write(slug, 'replaceState');
    document.dispatchEvent(new Event('tts-settings'));
  };
  window.ttsExtra = (slug, extra) => {
    states[slug] = {...states[slug], extra};
    remember({...memory(), [slug]: states[slug]});
    if (slug === shown()) write(slug, 'replaceState');
  };
  /* What this window had in a tab that the address does not name; what it names, the server sets. */
  window.ttsRestore = (slug, names, opening) => {
    window.ttsKnown(slug, names, opening);
    const query = new URLSearchParams(location.search);
    const asked = query.get('tab') || Object.keys(known)[0];
    const had = asked === slug ? null : memory()[slug];
    const skip = {__type__: 'update'};
    if (!had?.changed) return names.length > 1 ? names.map(() => skip) : skip;
    states[slug] = {...had, extra: undefined}; // what was drawn there is gone
    const values = names.map((name) => name in had.changed && had.all && name in had.all ? had.all[name] : skip);
    return values.length > 1 ? values : values[0];
  };
  window.ttsSettings = (slug) => states[slug]?.all
    || (known[slug] ? Object.fromEntries(known[slug].names.map((n, i) => [n, known[slug].opening[i]])) : {});
  window.ttsTab = shown;

  document.addEventListener('click', (event) => {
    const slug = event.target.closest?.('[role=tab]')?.id.match(/^tab-(.+)-button$/)?.[1];
    if (slug && known[slug] && event.isTrusted) setTimeout(() => {
      if ((history.state?.tab || new URLSearchParams(location.search).get('tab')) !== slug) write(slug, 'pushState');
    });
  });
  window.addEventListener('popstate', () => {
    const slug = new URLSearchParams(location.search).get('tab') || Object.keys(known)[0];
    document.getElementById(`tab-${slug}-button`)?.click();
    setTimeout(() => write(slug, 'replaceState'));
  });
})();
