/* Figures and tables travel: pictures with their title and what they are of, and the points behind them. */
(() => {
  const csv = (rows) => rows.map((row) => row.map((cell) => {
    const text = cell === null || cell === undefined ? '' : String(cell);
    const safe = /^[=+@\t\r]/.test(text) || /^-[^\d.]/.test(text) ? "'" + text : text; // no spreadsheet runs it
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }).join(',')).join('\r\n') + '\r\n';
  const save = (name, href) => {
    const link = Object.assign(document.createElement('a'), {href, download: name});
    link.click();
    if (href.startsWith('blob:')) setTimeout(() => URL.revokeObjectURL(href), 10000);
  };
  const blob = (parts, type) => URL.createObjectURL(new Blob(parts, {type}));
  const words = (text, most) => String(text).toLowerCase().normalize('NFKD').replace(/[^\p{L}\p{N}.]+/gu, '-')
    .replace(/^-+|-+$/g, '').slice(0, most);
  const slugOf = (part) => part.closest('[role=tabpanel][id^=tab-], .tabitem[id^=tab-]')?.id.replace(/^tab-/, '')
    || window.ttsTab?.() || '';

  /* Settings that one kind of model has and another has not: results say which of them they were made with. */
  const OF_KIND = ['temperature', 'top_p', 'top_k', 'steps', 'eta'];
  const taken = (slug, settings) => {
    const made = [...document.querySelectorAll('[data-made]')].map((one) => JSON.parse(one.dataset.made))
      .find((one) => one.tab === slug && !one.part && one.of?.model);
    const none = OF_KIND.filter((name) => slug === 't2i' && made && !(name in made.of));
    return Object.fromEntries(Object.entries(settings).filter(([name]) => !none.includes(name)));
  };

  /* What was set when the figure was drawn: settings that are changed later are not its own. */
  const told = (part) => {
    const slug = slugOf(part);
    const line = document.querySelector(`#${CSS.escape(slug)}-status p`)?.textContent || '';
    const reported = line.split(/(?<=[.?!]) /).filter((one) => !/\bpress\b/i.test(one)).join(' '); // not what to do next
    return {slug, line: reported, settings: {...(window.ttsSettings?.(slug) || {})}};
  };
  /* Figures that stand beside what they are of, without a heading of their own. */
  const TITLES = {
    't2i-histogram': ['How the images score', 'Every image of the pool, by its score.'],
    't2i-scope-bars': ['Inside one token', 'How likely each patch was in one place of the image.'],
    't2i-sweep-map': ['Temperature × guidance', 'The first images of all cells share their noise; only the settings differ.'],
    't2i-curve': ['What the number of images buys', 'The pick of N on average over all subsets of the pool; 95 % band.'],
    'vqa-curve': ['What N answers buy', 'The chance that the pick of N is right; 95 % bands.'],
    'sketch-curve': ['What the tries buy', 'The score of the best of N programs.'],
    'audit-histogram': ['What it picks', 'How often each is chosen where it is shown; 99 % of fair choosers lie between the ends.'],
    'audit-own-bars': ['What it picks', 'How often each is chosen; 99 % of fair choosers lie between the ends.'],
    'audit-curve': ['What the draws show', 'Beside it a fair chooser at the same N.'],
  };
  /* What a tab is set to and is not theirs: null is all of it, of sets that ship and of no model at all. */
  const CELLS = ['n', 'temperature', 'cfg'];
  const NOT_OF = {
    'math-accuracy': null, 'math-trust': null, 'vqa-theory-n': null, 'vqa-reliability': null,
    't2i-sweep-map': CELLS, 't2i-sweep-diversity': CELLS, 't2i-sweep-curves': CELLS,
    't2i-several-curve': ['prompt', 'n'], 'vqa-set-curve': ['question', 'truth', 'n'],
  };
  const owned = (block, said) => {
    const other = NOT_OF[block.id], own = taken(said.slug, said.settings);
    if (other === undefined) return {...said, settings: own};
    const settings = Object.entries(own).filter(([name]) => other !== null && !other.includes(name));
    return {...said, line: '', settings: Object.fromEntries(settings)};
  };
  const heading = (block) => {
    if (TITLES[block.id]) return TITLES[block.id];
    let at = block;
    while (at && at.id !== 'tabs') {
      for (let one = at.previousElementSibling; one; one = one.previousElementSibling) {
        const found = one.querySelector?.('.heading h2, h2') ? one : one.matches?.('.heading') ? one : null;
        if (found) return [found.querySelector('h2')?.textContent || '', found.querySelector('p.what')?.textContent || ''];
      }
      at = at.parentElement;
    }
    return ['', ''];
  };
  const TEXTS = ['prompt', 'question', 'problem'];
  const shortened = (value) => String(value).length > 80 ? String(value).slice(0, 79) + '…' : String(value);
  const setting = ([name, value]) => TEXTS.includes(name) ? `“${shortened(value)}”` : `${name.replaceAll('_', ' ')} ${shortened(value)}`;
  const caption = (said, what, chart) => {
    const set = Object.entries(said.settings).filter(([, value]) => value !== '' && value !== null && value !== undefined
      && value !== false && !(Array.isArray(value) && !value.length));
    return [what, said.line, set.map(setting).join(', '), chart.layout.meta?.caption].filter(Boolean);
  };
  const named = (block, said) => {
    const text = TEXTS.map((name) => said.settings[name]).find(Boolean) || '';
    const few = ['model', 'n', 'temperature', 'cfg', 'seed'].filter((name) => said.settings[name] !== undefined
      && said.settings[name] !== null).map((name) => name === 'model' ? words(said.settings[name], 24)
      : `${name === 'temperature' ? 't' : name}${said.settings[name]}`);
    return [block.id || said.slug || 'figure', words(text, 40), ...few].filter(Boolean).join('-');
  };
  const wrapped = (lines, most) => lines.flatMap((line) => {
    const rows = [''];
    for (const word of line.split(' ')) {
      if ((rows.at(-1) + ' ' + word).length > most && rows.at(-1)) rows.push('');
      rows[rows.length - 1] += (rows.at(-1) ? ' ' : '') + word;
    }
    return rows;
  });
  const escaped = (line) => line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

  /* `lines`, where a tab says better what stands above: the title and the lines of the caption. */
  const picture = (chart, block, lines) => {
    const said = owned(block, chart.ttsTold || told(chart));
    const [title, what] = lines ? [lines[0]] : heading(block);
    const rows = wrapped(lines ? [...lines.slice(1), chart.layout.meta?.caption].filter(Boolean) : caption(said, what, chart), 130);
    const own = (chart.layout.annotations || []).filter((one) => one.yref === 'paper' && one.y >= 1 && one.yanchor === 'bottom');
    const below = Math.max(0, ...own.map((one) => 16 * one.text.split('<br>').length)); // what stands above the plot already
    const width = 900, head = 15 * rows.length + 12 + below, height = 560 + head;
    const layout = {...chart.layout, width, height, autosize: false, paper_bgcolor: 'white', plot_bgcolor: 'white'};
    const above = chart.layout.title?.text?.replaceAll('<br>', ', ');
    layout.title = {text: escaped([title, above && above !== title ? above : ''].filter(Boolean).join(': ')), font: {size: 16}, x: 0.02};
    layout.title.y = 1 - 22 / height;
    layout.margin = {...chart.layout.margin, t: 44 + head, l: 16, r: 16, b: 16};
    layout.font = {...chart.layout.font, color: '#333'};
    layout.annotations = [...(chart.layout.annotations || []), {
      text: rows.map(escaped).join('<br>'), showarrow: false, xref: 'paper', yref: 'paper', x: 0, y: 1, yshift: 6 + below,
      xanchor: 'left', yanchor: 'bottom', align: 'left', font: {size: 11, color: '#444'},
    }];
    return {figure: {data: chart.data, layout}, width, height, name: named(block, said)};
  };
  /* What writes PDFs is fetched with the first one: no page pays for what few save. */
  let writer;
  const pdfWriter = async () => {
    writer ||= import(`${window.gradio_config?.root ?? ''}/figure-files/write.js`).catch((error) => { writer = null; throw error; });
    const made = await writer;
    await made.ready();
    return made;
  };
  const points = (chart) => {
    const rows = [['series', 'x', 'y', 'z', 'x_error', 'x_error_minus', 'y_error', 'y_error_minus', 'text']];
    const list = (value) => value === undefined || value === null ? [] : Array.from(value);
    for (const trace of chart._fullData || chart.data) {
      const name = /^trace \d+$/.test(trace.name) ? trace.type : trace.name || trace.type;
      if (Array.isArray(trace.z) && trace.z[0]?.length !== undefined) {
        trace.z.forEach((line, row) => Array.from(line).forEach((z, column) => rows.push(
          [name, list(trace.x)[column] ?? column, list(trace.y)[row] ?? row, z, '', '', '', '', ''])));
        continue;
      }
      const [x, y, t] = [list(trace.x), list(trace.y), Array.isArray(trace.text) ? trace.text : []];
      const [ex, exm, ey, eym] = [trace.error_x?.array, trace.error_x?.arrayminus, trace.error_y?.array,
        trace.error_y?.arrayminus].map(list);
      for (let i = 0; i < Math.max(x.length, y.length); i++) {
        rows.push([name, x[i], y[i], '', ex[i], exm[i], ey[i], eym[i], t[i]]);
      }
    }
    return rows;
  };

  const saved = async (kind, {figure, width, height, name}) => {
    const draw = (format, scale) => window.Plotly.toImage(figure, {format, width, height, ...(scale ? {scale} : {})});
    if (kind === 'svg') save(name, await draw('svg'));
    else if (kind === 'png') save(name, await draw('png', 2));
    else {
      const made = await pdfWriter();
      figure.layout.font = {...figure.layout.font, family: made.FAMILY};
      const svg = decodeURIComponent((await draw('svg')).replace(/^[^,]*,/, ''));
      save(name, blob([await made.pdf(svg, name)], 'application/pdf'));
    }
  };
  const asked = (kind) => (chart, block) => {
    const drawn = picture(chart, block);
    return saved(kind, {...drawn, name: `${drawn.name}.${kind}`});
  };
  /* A drawing that is SVG already, of a tree say. */
  const savedDrawing = async (kind, svg, name) => {
    if (kind === 'svg') { save(name, blob([svg], 'image/svg+xml')); return; }
    if (kind === 'pdf') { save(name, blob([await (await pdfWriter()).pdf(svg, name)], 'application/pdf')); return; }
    const root = new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement;
    const [width, height] = ['width', 'height'].map((side) => Number(root.getAttribute(side)));
    const image = new Image();
    await new Promise((done, failed) => {
      Object.assign(image, {onload: done, onerror: failed, src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`});
    });
    const scale = Math.min(3, 8000 / Math.max(width, height)), canvas = document.createElement('canvas');
    Object.assign(canvas, {width: Math.round(width * scale), height: Math.round(height * scale)});
    const pen = canvas.getContext('2d');
    pen.fillStyle = 'white';
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    save(name, canvas.toDataURL('image/png'));
  };
  /* {"name", "kind", "where", "lines", "svg"} as JSON: a chart of the page under these lines, or a drawing; with "href" a
     file that is ready. */
  window.ttsFigure = (told) => {
    if (!told) return;
    const {name, kind, where, lines, svg, href} = JSON.parse(told);
    if (href) { save(name, href); return; }
    const block = document.getElementById(where), chart = block?.querySelector('.js-plotly-plot');
    if (svg) tried(savedDrawing(kind, svg, name), block);
    else if (chart) tried(saved(kind, {...picture(chart, block, lines), name}), block);
  };
  /* A PDF's writer has to be fetched, which fails when the server has gone. */
  const tried = (saving, near) => saving.catch(() => {
    const tools = near.querySelector(':scope > .figure-tools') || near;
    const note = tools.querySelector('[role=alert]') || Object.assign(document.createElement('span'), {role: 'alert'});
    note.textContent = 'Not saved: the app does not answer. SVG and PNG are made without it.';
    tools.prepend(note);
    setTimeout(() => note.remove(), 12000);
  });
  const kinds = {
    SVG: asked('svg'),
    PDF: asked('pdf'),
    PNG: asked('png'),
    CSV: async (chart, block) => {
      const said = owned(block, chart.ttsTold || told(chart));
      save(`${named(block, said)}.csv`, blob([csv(points(chart))], 'text/csv'));
    },
  };
  const bar = (buttons) => {
    const tools = Object.assign(document.createElement('div'), {className: 'figure-tools'});
    for (const [label, hint, act] of buttons) {
      const button = Object.assign(document.createElement('button'), {type: 'button', textContent: label, title: hint});
      button.setAttribute('aria-label', hint);
      button.addEventListener('click', act);
      tools.append(button);
    }
    return tools;
  };
  const about = (block) => heading(block)[0] || 'this figure';
  const equip = (chart) => {
    const block = chart.closest('.block');
    if (!block || !chart.on) return;
    if (!chart.data?.length) { block.querySelector(':scope > .figure-tools')?.remove(); return; } // a sentence alone
    if (!chart.ttsTold) {
      chart.ttsTold = told(chart);
      let before = chart.data;
      chart.on('plotly_afterplot', () => {
        if (chart.data !== before) { before = chart.data; chart.ttsTold = told(chart); }
      });
    }
    if (block.querySelector(':scope > .figure-tools')) return;
    block.append(bar(Object.entries(kinds).map(([kind, act]) => [kind, `Save “${about(block)}” as ${kind}`,
      () => { const now = block.querySelector('.js-plotly-plot'); if (now) tried(act(now, block), block); }])));
  };
  /* Bars that are HTML, so that they fill without flicker, as the chart that they would be. */
  const BARS = '.audit-bars';
  const barred = (group) => {
    const columns = [...group.querySelectorAll('.column')], x = columns.map((one) => one.querySelector('b').textContent);
    const [share, low, high, fair] = [0, 1, 2, 3].map((place) => columns.map((one) => Number(one.dataset.at.split(' ')[place])));
    const colours = columns.map((one) => getComputedStyle(one.querySelector('.fill')).backgroundColor);
    const ends = {type: 'data', array: high.map((one, i) => one - fair[i]), arrayminus: fair.map((one, i) => one - low[i])};
    return {ttsTold: told(group), data: [
      {type: 'bar', name: 'chosen', x, y: share, marker: {color: colours}},
      {type: 'scatter', mode: 'markers', name: 'fair choosers', x, y: fair, error_y: {...ends, color: '#333'},
        marker: {color: '#333', symbol: 'line-ew-open', size: 24}},
    ], layout: {xaxis: {type: 'category'}, yaxis: {tickformat: '.0%', rangemode: 'tozero', title: {text: 'chosen'}}, showlegend: true}};
  };
  const bars = (block) => {
    block.append(bar(Object.entries(kinds).map(([kind, act]) => [kind, `Save “${about(block)}” as ${kind}`,
      () => { const now = block.querySelector(BARS); if (now) tried(act(barred(now), block), block); }])));
  };
  const TABLES = 'table.plain, table.answers, table.sweep';
  const cells = (table) => [...table.rows].map((row) => [...row.cells].map((cell) => {
    const text = cell.innerText.trim().replace(/\s+/g, ' ');
    return [...cell.querySelectorAll('img[alt]')].map((one) => one.alt).concat(text || []).join(': ');
  }));
  const tabled = (block) => {
    block.append(bar([['CSV', `Save “${about(block)}” as CSV`, () => {
      const rows = [...block.querySelectorAll(TABLES)].flatMap(cells);
      save(`${named(block, told(block))}.csv`, blob([csv(rows)], 'text/csv'));
    }]]));
  };
  const look = () => {
    document.querySelectorAll('.js-plotly-plot').forEach(equip);
    for (const table of document.querySelectorAll(TABLES)) {
      const block = table.closest('.block');
      if (block && table.rows.length > 1 && !block.querySelector(':scope > .figure-tools')) tabled(block);
    }
    for (const group of document.querySelectorAll(BARS)) {
      const block = group.closest('.block');
      if (block && !block.querySelector(':scope > .figure-tools')) bars(block);
    }
    for (const tools of document.querySelectorAll('.figure-tools')) {
      if (!tools.parentElement.querySelector(`.js-plotly-plot, ${BARS}, ${TABLES}`)) tools.remove();
    }
  };
  let due = 0;
  new MutationObserver(() => { clearTimeout(due); due = setTimeout(look, 150); })
    .observe(document.documentElement, {childList: true, subtree: true});
})();
