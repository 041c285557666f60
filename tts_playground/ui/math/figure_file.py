"""A figure of the page becomes a file in the browser, so that a server needs no browser of its own."""

from __future__ import annotations

FIGURE = """async (told) => {
if (!told) return;
const {name, kind, where, lines, svg, href} = JSON.parse(told);
const save = (url) => { const a = document.createElement('a'); a.href = url; a.download = name; a.click(); };
if (href) { save(href); return; }
const space = 'http://www.w3.org/2000/svg', top = 18 * lines.length + 12;
let root;
if (svg) root = new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement;
else {
  const parts = [...document.querySelectorAll('#' + where + ' .main-svg')];
  if (!parts.length) return;
  const wide = Math.max(320, +parts[0].getAttribute('width')), high = +parts[0].getAttribute('height') + top;
  root = document.createElementNS(space, 'svg');
  root.setAttribute('xmlns', space); root.setAttribute('width', wide); root.setAttribute('height', high);
  const back = root.appendChild(document.createElementNS(space, 'rect'));
  back.setAttribute('width', '100%'); back.setAttribute('height', '100%'); back.setAttribute('fill', 'white');
  lines.forEach((line, number) => {
    const text = root.appendChild(document.createElementNS(space, 'text'));
    text.setAttribute('x', 10); text.setAttribute('y', 18 * number + 18); text.textContent = line;
    text.setAttribute('style', 'font:12px system-ui,sans-serif;fill:#222');
    const room = wide - 20, long = 6.4 * line.length;
    if (long > room) { text.setAttribute('textLength', room); text.setAttribute('lengthAdjust', 'spacingAndGlyphs'); }
  });
  const group = root.appendChild(document.createElementNS(space, 'g'));
  group.setAttribute('transform', 'translate(0 ' + top + ')');
  for (const part of parts) {
    const copy = group.appendChild(part.cloneNode(true));
    copy.removeAttribute('style');
    copy.querySelectorAll('.hoverlayer, .selectionlayer').forEach(one => one.remove());
  }
}
const wide = +root.getAttribute('width'), high = +root.getAttribute('height');
const text = new XMLSerializer().serializeToString(root);
const url = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(text);
if (kind === 'svg') { save(url); return; }
const image = new Image();
await new Promise((done, failed) => { image.onload = done; image.onerror = failed; image.src = url; });
const scale = Math.min(3, 8000 / Math.max(wide, high)), canvas = document.createElement('canvas');
canvas.width = Math.round(wide * scale); canvas.height = Math.round(high * scale);
const pen = canvas.getContext('2d');
pen.fillStyle = 'white'; pen.fillRect(0, 0, canvas.width, canvas.height);
pen.drawImage(image, 0, 0, canvas.width, canvas.height);
if (kind === 'png') { save(canvas.toDataURL('image/png')); return; }
const jpeg = atob(canvas.toDataURL('image/jpeg', 0.95).split(',')[1]);
const [w, h] = [wide * 0.75, high * 0.75].map(size => size.toFixed(2));
const draw = 'q ' + w + ' 0 0 ' + h + ' 0 0 cm /I Do Q';
const objects = ['<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Kids[3 0 R]/Count 1>>',
  '<</Type/Page/Parent 2 0 R/MediaBox[0 0 ' + w + ' ' + h + ']/Resources<</XObject<</I 4 0 R>>>>/Contents 5 0 R>>',
  '<</Type/XObject/Subtype/Image/Width ' + canvas.width + '/Height ' + canvas.height + '/ColorSpace/DeviceRGB'
    + '/BitsPerComponent 8/Filter/DCTDecode/Length ' + jpeg.length + '>>stream\\n' + jpeg + '\\nendstream',
  '<</Length ' + draw.length + '>>stream\\n' + draw + '\\nendstream'];
let file = '%PDF-1.4\\n';
const places = objects.map((one, number) => {
  const at = file.length; file += (number + 1) + ' 0 obj' + one + 'endobj\\n'; return at; });
const start = file.length;
file += 'xref\\n0 6\\n0000000000 65535 f \\n' + places.map(at => String(at).padStart(10, '0') + ' 00000 n \\n').join('')
  + 'trailer<</Size 6/Root 1 0 R>>\\nstartxref\\n' + start + '\\n%%EOF';
save('data:application/pdf;base64,' + btoa(file)); }"""
"""{"name", "kind", "where", "lines", "svg"} as JSON: a chart of the page, or a ready SVG, is saved as svg, png or pdf.

Above a chart come the lines. A pdf holds a picture at 288 dots an inch. With "href" it is saved as it is.
"""
