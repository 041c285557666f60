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

  /* What was set when the figure was drawn: settings that are changed later are not its own. */
  const told = (part) => {
    const slug = slugOf(part);
    const line = document.querySelector(`#${CSS.escape(slug)}-status p`)?.textContent || '';
    return {slug, line, settings: {...(window.ttsSettings?.(slug) || {})}};
  };
  /* Figures that stand beside what they are of, without a heading of their own. */
  const TITLES = {
    't2i-curve': ['What the number of images buys', 'The pick of N on average over all subsets of the pool; 95 % band.'],
    'vqa-curve': ['What N answers buy', 'The chance that the pick of N is right; 95 % bands.'],
    'sketch-curve': ['What the tries buy', 'The score of the best of N programs.'],
    'audit-curve': ['What the draws show', 'Beside it a fair chooser at the same N.'],
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
    const said = chart.ttsTold || told(chart);
    const [title, what] = lines ? [lines[0]] : heading(block);
    const rows = wrapped(lines ? [...lines.slice(1), chart.layout.meta?.caption].filter(Boolean) : caption(said, what, chart), 130);
    const width = 900, head = 15 * rows.length + 12, height = 560 + head;
    const layout = {...chart.layout, width, height, autosize: false, paper_bgcolor: 'white', plot_bgcolor: 'white'};
    const own = chart.layout.title?.text;
    layout.title = {text: escaped([title, own && own !== title ? own : ''].filter(Boolean).join(': ')), font: {size: 16}, x: 0.02};
    layout.title.y = 1 - 22 / height;
    layout.margin = {...chart.layout.margin, t: 44 + head, l: 16, r: 16, b: 16};
    layout.font = {...chart.layout.font, color: '#333'};
    layout.annotations = [...(chart.layout.annotations || []), {
      text: rows.map(escaped).join('<br>'), showarrow: false, xref: 'paper', yref: 'paper', x: 0, y: 1, yshift: 6,
      xanchor: 'left', yanchor: 'bottom', align: 'left', font: {size: 11, color: '#444'},
    }];
    return {figure: {data: chart.data, layout}, width, height, name: named(block, said)};
  };
  const bytes = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0) & 255);
  const pdf = (jpeg, width, height, scale) => {
    const data = atob(jpeg.split(',')[1]);
    const draw = `q ${width} 0 0 ${height} 0 0 cm /I Do Q`;
    const parts = [
      '<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Kids[3 0 R]/Count 1>>',
      `<</Type/Page/Parent 2 0 R/MediaBox[0 0 ${width} ${height}]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>`,
      `<</Length ${draw.length}>>stream\n${draw}\nendstream`,
      `<</Type/XObject/Subtype/Image/Width ${Math.round(width * scale)}/Height ${Math.round(height * scale)}/ColorSpace/DeviceRGB`
        + `/BitsPerComponent 8/Filter/DCTDecode/Length ${data.length}>>stream\n${data}\nendstream`,
    ];
    let file = '%PDF-1.4\n';
    const places = parts.map((part, number) => {
      const at = file.length;
      file += `${number + 1} 0 obj\n${part}\nendobj\n`;
      return at;
    });
    const end = file.length;
    file += `xref\n0 ${parts.length + 1}\n0000000000 65535 f \n`
      + places.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('')
      + `trailer<</Size ${parts.length + 1}/Root 1 0 R>>\nstartxref\n${end}\n%%EOF\n`;
    return bytes(file);
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

  const SCALE = 3; // a PDF holds a picture, three dots a point
  const saved = async (kind, {figure, width, height, name}) => {
    const draw = (format, scale) => window.Plotly.toImage(figure, {format, width, height, ...(scale ? {scale} : {})});
    if (kind === 'svg') save(name, await draw('svg'));
    else if (kind === 'png') save(name, await draw('png', 2));
    else save(name, blob([pdf(await draw('jpeg', SCALE), width, height, SCALE)], 'application/pdf'));
  };
  const asked = (kind) => (chart, block) => {
    const drawn = picture(chart, block);
    return saved(kind, {...drawn, name: `${drawn.name}.${kind}`});
  };
  /* A drawing that is SVG already, of a tree say. */
  const savedDrawing = async (kind, svg, name) => {
    if (kind === 'svg') { save(name, blob([svg], 'image/svg+xml')); return; }
    const root = new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement;
    const [width, height] = ['width', 'height'].map((side) => Number(root.getAttribute(side)));
    const image = new Image();
    await new Promise((done, failed) => {
      Object.assign(image, {onload: done, onerror: failed, src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`});
    });
    const scale = Math.min(SCALE, 8000 / Math.max(width, height)), canvas = document.createElement('canvas');
    Object.assign(canvas, {width: Math.round(width * scale), height: Math.round(height * scale)});
    const pen = canvas.getContext('2d');
    pen.fillStyle = 'white';
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    if (kind === 'png') { save(name, canvas.toDataURL('image/png')); return; }
    const jpeg = canvas.toDataURL('image/jpeg', 0.95);
    save(name, blob([pdf(jpeg, canvas.width / scale, canvas.height / scale, scale)], 'application/pdf'));
  };
  /* {"name", "kind", "where", "lines", "svg"} as JSON: a chart of the page under these lines, or a drawing; with "href" a
     file that is ready. */
  window.ttsFigure = (told) => {
    if (!told) return;
    const {name, kind, where, lines, svg, href} = JSON.parse(told);
    if (href) { save(name, href); return; }
    if (svg) { savedDrawing(kind, svg, name); return; }
    const block = document.getElementById(where), chart = block?.querySelector('.js-plotly-plot');
    if (chart) saved(kind, {...picture(chart, block, lines), name});
  };
  const kinds = {
    SVG: asked('svg'),
    PDF: asked('pdf'),
    PNG: asked('png'),
    CSV: async (chart, block) => {
      const said = chart.ttsTold || told(chart);
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
      () => { const now = block.querySelector('.js-plotly-plot'); if (now) act(now, block); }])));
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
    for (const tools of document.querySelectorAll('.figure-tools')) {
      if (!tools.parentElement.querySelector(`.js-plotly-plot, ${TABLES}`)) tools.remove();
    }
  };
  let due = 0;
  new MutationObserver(() => { clearTimeout(due); due = setTimeout(look, 150); })
    .observe(document.documentElement, {childList: true, subtree: true});
})();
