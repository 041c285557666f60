/* A figure's SVG as a PDF of lines and of text that can be searched: fetched when somebody saves the first one.

jsPDF and svg2pdf.js do the work. PDF's own fonts have no minus, no "at least" and no Greek, so that a font stands beside
this file, DejaVu Sans Condensed; what it lacks, emoji and Chinese say, becomes a small picture of that text alone. */
const HERE = new URL('.', import.meta.url);
export const FAMILY = 'Figures';
const FONTS = {normal: 'regular.ttf', bold: 'bold.ttf'};
const DOTS = 4; // a point, where a text has to be a picture
const AREAS = 2000; // more rectangles of one colour than these stay a picture
const SVG = 'http://www.w3.org/2000/svg';
const STYLES = ['fill', 'fill-opacity', 'stroke', 'stroke-opacity', 'stroke-width', 'stroke-dasharray', 'stroke-linecap',
  'stroke-linejoin', 'opacity', 'font-size', 'font-style', 'text-anchor', 'display', 'visibility'];

const script = (name) => new Promise((done, failed) => {
  document.head.append(Object.assign(document.createElement('script'), {src: new URL(name, HERE), onload: done, onerror: failed}));
});
const fetched = async (name) => {
  const answer = await fetch(new URL(name, HERE));
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return answer.arrayBuffer();
};
const binary = (buffer) => {
  let text = '';
  for (const one of new Uint8Array(buffer)) text += String.fromCharCode(one);
  return text;
};
let fonts;
/* Texts are as wide on the page as in the file only if both are set in the same font. */
export const ready = () => (fonts ||= (async () => {
  await script('jspdf.umd.min.js');
  await script('svg2pdf.umd.min.js');
  return Promise.all(Object.entries(FONTS).map(async ([weight, file]) => {
    const data = await fetched(file);
    document.fonts.add(await new FontFace(FAMILY, data, {weight}).load());
    return {weight, file, data: binary(data)};
  }));
})().catch((error) => { fonts = null; throw error; }));

/* What style sheets say, on each element: svg2pdf reads no shorthands. */
const plain = (root) => {
  for (const one of root.querySelectorAll('g, path, rect, circle, ellipse, line, polyline, polygon, text, tspan')) {
    const style = getComputedStyle(one), text = one.matches('text, tspan');
    for (const name of STYLES) one.style.setProperty(name, style.getPropertyValue(name));
    if (!text) {
      const {width, height} = one.getBBox();
      if (!width || !height) one.style.fill = 'none'; // readers of PDF show a line that is filled as a hair
      continue;
    }
    one.style.fontWeight = Number(style.fontWeight) >= 600 ? 'bold' : 'normal';
    one.style.fontStyle = 'normal';
    one.style.fontFamily = FAMILY;
  }
  for (const one of root.querySelectorAll('style')) one.remove();
};
const drawn = (text) => {
  const {x, y, width, height} = text.getBBox(), style = getComputedStyle(text);
  const canvas = Object.assign(document.createElement('canvas'), {width: Math.ceil(width * DOTS), height: Math.ceil(height * DOTS)});
  const pen = canvas.getContext('2d');
  pen.scale(DOTS, DOTS);
  pen.translate(-x, -y);
  for (const line of text.querySelectorAll('tspan').length ? text.querySelectorAll('tspan') : [text]) {
    if (!line.getNumberOfChars()) continue;
    const own = getComputedStyle(line), at = line.getStartPositionOfChar(0);
    pen.font = `${own.fontWeight} ${own.fontSize} ${FAMILY}, system-ui, sans-serif`;
    pen.fillStyle = own.fill;
    pen.fillText(line.textContent, at.x, at.y);
  }
  const image = document.createElementNS(SVG, 'image');
  for (const [name, value] of Object.entries({x, y, width, height, href: canvas.toDataURL(), preserveAspectRatio: 'none'})) {
    image.setAttribute(name, value);
  }
  if (text.hasAttribute('transform')) image.setAttribute('transform', text.getAttribute('transform'));
  image.style.opacity = style.opacity;
  return image;
};
const painted = (source, times) => {
  const canvas = Object.assign(document.createElement('canvas'), {width: source.width * times, height: source.height * times});
  const pen = canvas.getContext('2d');
  pen.imageSmoothingEnabled = false;
  pen.drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas;
};
/* Rectangles of one colour that make up a picture: {x, y, width, height, colour}; null where they are many. */
const areas = (canvas) => {
  const {width, height} = canvas, found = [];
  const dots = new DataView(canvas.getContext('2d').getImageData(0, 0, width, height).data.buffer);
  let above = new Map();
  for (let y = 0; y < height; y++) {
    const row = new Map();
    for (let x = 0, end; x < width; x = end) {
      const colour = dots.getUint32(4 * (y * width + x));
      for (end = x + 1; end < width && dots.getUint32(4 * (y * width + end)) === colour;) end++;
      if (!(colour & 255)) continue;
      const key = `${x} ${end} ${colour}`, one = above.get(key) || {x, y, width: end - x, height: 0, colour};
      one.height += 1;
      row.set(key, one);
      if (one.height === 1 && found.push(one) > AREAS) return null;
    }
    above = row;
  }
  return found;
};
const tiled = (image, found, source) => {
  const side = (name) => image[name].baseVal.value, [across, down] = [side('width') / source.width, side('height') / source.height];
  const group = document.createElementNS(SVG, 'g');
  if (image.hasAttribute('transform')) group.setAttribute('transform', image.getAttribute('transform'));
  for (const {x, y, width, height, colour} of found) {
    const rect = document.createElementNS(SVG, 'rect'), fill = `#${(colour >>> 8).toString(16).padStart(6, '0')}`;
    const place = {x: side('x') + x * across, y: side('y') + y * down, width: width * across, height: height * down};
    for (const [name, value] of Object.entries({...place, fill, 'fill-opacity': (colour & 255) / 255})) rect.setAttribute(name, value);
    if ((colour & 255) === 255) { rect.setAttribute('stroke', fill); rect.setAttribute('stroke-width', 0.25); } // no seams
    group.append(rect);
  }
  return group;
};
/* Pictures of few colours, as cells of a heat map are, become areas; of others a reader may blur the few dots. */
const crisp = async (image) => {
  const source = new Image();
  source.src = image.getAttribute('href') || image.getAttribute('xlink:href');
  await source.decode();
  const found = image.getAttribute('preserveAspectRatio') === 'none' ? areas(painted(source, 1)) : null;
  if (found) { image.replaceWith(tiled(image, found, source)); return; }
  const times = Math.ceil(DOTS * Math.max(image.width.baseVal.value / source.width, image.height.baseVal.value / source.height));
  if (times <= DOTS) return;
  image.removeAttribute('xlink:href');
  image.setAttribute('href', painted(source, times).toDataURL());
};
const lacks = (text, has) => [...text].some((letter) => letter.trim() && !has[letter.codePointAt(0)]);

/* The bytes of the file; `svg` is a text that names its width and height. */
export const pdf = async (svg, title) => {
  const loaded = await ready(), {jsPDF} = window.jspdf;
  const root = document.importNode(new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement, true);
  for (const one of root.querySelectorAll('script, foreignObject')) one.remove();
  const [width, height] = ['width', 'height'].map((side) => Number(root.getAttribute(side)));
  const holder = Object.assign(document.createElement('div'), {ariaHidden: 'true'});
  holder.style.cssText = 'position: fixed; left: -99999px; top: 0;';
  holder.attachShadow({mode: 'open'}).append(root); // its style sheet is its own
  document.body.append(holder);
  try {
    const file = new jsPDF({unit: 'pt', format: [width, height], orientation: width > height ? 'l' : 'p', compress: true,
      putOnlyUsedFonts: true});
    file.setProperties({title, creator: 'tts_playground'});
    for (const {weight, file: name, data} of loaded) {
      file.addFileToVFS(name, data);
      file.addFont(name, FAMILY, 'normal', weight);
    }
    plain(root);
    const has = file.getFont(FAMILY, 'normal').metadata.cmap.unicode.codeMap;
    await Promise.all([...root.querySelectorAll('image')].map(crisp));
    for (const text of root.querySelectorAll('text')) if (lacks(text.textContent, has)) text.replaceWith(drawn(text));
    await file.svg(root, {width, height});
    // jsPDF misnames its fonts' order of glyphs, about which some readers complain; as long, so that nothing moves
    const text = file.output().replaceAll('/Ordering (Identity-H)', '/Ordering (Identity)  ');
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  } finally {
    holder.remove();
  }
};
