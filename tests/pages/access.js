// What a page shows and says, read in the browser; see test_access.py.
(() => {
  const CONTROLS = 'button, input, summary, a[href], [role=slider], [tabindex="0"]';
  const OUTPUT = '.jp-OutputArea-child';

  const notebook = () => document.querySelector('.jp-Notebook');
  const rect = node => {
    const {left, top, right, bottom, width, height} = node.getBoundingClientRect();
    return {left, top, right, bottom, width, height};
  };
  const shown = node => node.checkVisibility({checkVisibilityCSS: true});
  const text = node => node.textContent.replace(/\s+/g, ' ').trim();
  const describe = node =>
    [node.tagName, node.getAttribute('role'), name(node)].filter(Boolean).join(' ');

  // The part of the W3C name computation that these pages need.
  function name(node) {
    const by = node.getAttribute('aria-labelledby');
    if (by) return by.split(' ').map(id => text(document.getElementById(id))).join(' ');
    const own = node.getAttribute('aria-label') ?? node.getAttribute('alt');
    if (own) return own.trim();
    if (node.labels?.length) return [...node.labels].map(text).join(' ');
    return node.matches('button, a, summary, h1, h2, h3, h4, h5, h6')
      ? text(node) : node.getAttribute('title') ?? '';
  }

  // Figures, and one question of several, are what a name must be unique in.
  const PART = '.softmax-lab-live, .softmax-lab-question, .jp-OutputArea-child';
  const controls = () => [...notebook().querySelectorAll(OUTPUT)]
    .flatMap(out => [...out.querySelectorAll(CONTROLS)].filter(shown));

  function names() {
    const parts = [...notebook().querySelectorAll(PART)];
    return controls().map(node => ({
      part: parts.indexOf(node.closest(PART)),
      role: node.getAttribute('role') ?? node.type ?? node.localName,
      name: name(node),
      pressed: node.getAttribute('aria-pressed'),
      color: node.matches('.noUi-handle') ? rgba(getComputedStyle(node).backgroundColor) : null,
      toggle: node.matches('.widget-toggle-button'),
    }));
  }

  const pictures = () => [...notebook().querySelectorAll('svg, img, canvas')]
    .filter(node => node.closest('.jp-OutputArea-child, .jp-MarkdownOutput'))
    .filter(node => shown(node) && node.getAttribute('aria-hidden') !== 'true')
    .filter(node => !node.closest('mjx-container, button'))
    .map(node => ({role: node.getAttribute('role'), name: name(node)}));

  const structure = () => ({
    language: document.documentElement.lang,
    headings: [...notebook().querySelectorAll('h1, h2, h3, h4, h5, h6')]
      .filter(node => node.closest('.jp-Cell'))
      .map(node => [Number(node.localName[1]), text(node).replace(/¶$/, '')]),
    links: [...notebook().querySelectorAll('.jp-Cell a[href]')]
      .filter(node => !node.matches('.jp-InternalAnchorLink'))
      .map(node => [text(node), decodeURI(node.pathname.split('/').at(-1))]),
    tables: [...notebook().querySelectorAll('.jp-Cell table')].map(table =>
      [...table.querySelectorAll('th')].map(text)),
  });

  // Geometry: nothing cut off, nothing on top of something else.
  function cut_off() {
    const found = [];
    for (const out of notebook().querySelectorAll(OUTPUT)) {
      for (const node of [out, ...out.querySelectorAll('*')]) {
        if (node.closest('svg') && node.localName !== 'svg') continue;
        if (node.closest('mjx-container, .noUi-target') || !shown(node)) continue;
        const style = getComputedStyle(node);
        const sizes = `${node.scrollWidth} in ${node.clientWidth}`;
        const wide = node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 0;
        if (wide && style.overflowX !== 'visible' && style.display !== 'inline')
          found.push(`${describe(node)} ${node.className} is ${sizes} wide: ${text(node).slice(0, 60)}`);
        const box = rect(node), room = rect(out.closest('.jp-Cell'));
        if (node.matches(CONTROLS + ', svg') && box.right > room.right + 1)
          found.push(`${describe(node)} ends at ${box.right}, its cell at ${room.right}`);
      }
    }
    return found;
  }

  const meet = (a, b, slack) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > slack
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > slack;

  function overlaps() {
    const found = [];
    for (const out of notebook().querySelectorAll(OUTPUT)) {
      const things = [...out.querySelectorAll('button, input, label, .noUi-handle, p, svg')]
        .filter(shown).filter(node => !node.closest('[aria-hidden=true]') && text(node) + node.localName !== 'p');
      things.forEach((a, i) => things.slice(i + 1).forEach(b => {
        if (a.contains(b) || b.contains(a)) return;
        if (meet(rect(a), rect(b), 2)) found.push(`${describe(a)} and ${describe(b)}`);
      }));
    }
    return found;
  }

  // A picture's shapes in the order of painting, over both layers.
  const stages = () => {
    const found = new Map();
    for (const svg of notebook().querySelectorAll(`${OUTPUT} svg[viewBox]`)) {
      const stage = svg.closest('.widget-box, .jp-OutputArea-child');
      found.set(stage, [...(found.get(stage) ?? []), svg]);
    }
    return [...found.values()];
  };
  const rgba = color => {
    const [r, g, b, a = 1] = (color.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
    return [r, g, b, a];
  };
  const over = ([r, g, b, a], below) =>
    [r, g, b].map((c, i) => a * c + (1 - a) * below[i]);
  const paint = (style, kind, opacity) => {
    if (style[kind] === 'none' || style[kind].startsWith('url')) return null;
    const [r, g, b, a] = rgba(style[kind]);
    return [r, g, b, a * opacity * Number(style[`${kind}Opacity`])];
  };
  const luminance = color => {
    const [r, g, b] = color.map(c => c / 255)
      .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };

  function shapes(layers) {
    return layers.flatMap(svg => [...svg.querySelectorAll('path, use, text, image')])
      .filter(node => !node.closest('defs, clipPath, symbol'))
      .map(node => {
        let opacity = 1;
        for (let n = node; n.localName !== 'svg'; n = n.parentNode)
          opacity *= Number(getComputedStyle(n).opacity);
        const style = getComputedStyle(node);
        let fill = paint(style, 'fill', opacity);
        let stroke = paint(style, 'stroke', opacity);
        if (node.localName === 'use') {
          const own = document.getElementById(node.href.baseVal.slice(1));
          if (own?.style.stroke) stroke = paint(getComputedStyle(own), 'stroke', opacity);
        }
        if (Number.parseFloat(style.strokeWidth) === 0) stroke = null;
        return {
          node, fill, stroke, hatch: style.fill.startsWith('url'),
          dash: style.strokeDasharray, width: style.strokeWidth, box: rect(node),
        };
      })
      .filter(shape => shape.box.width + shape.box.height > 0);
  }

  function inside(shape, x, y) {
    const {node, box} = shape;
    if (x < box.left || x > box.right || y < box.top || y > box.bottom) return false;
    if (node.localName !== 'path') return true;
    const point = new DOMPoint(x, y).matrixTransform(node.getScreenCTM().inverse());
    return node.isPointInFill(point);
  }

  function below(all, index, x, y) {
    let color = [255, 255, 255];
    for (const shape of all.slice(0, index)) {
      if (/text|image/.test(shape.node.localName) || !shape.fill || shape.hatch) continue;
      if (inside(shape, x, y)) color = over(shape.fill, color);
    }
    return color;
  }

  function samples(shape) {
    const {node, box, fill} = shape;
    const middle = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    if (node.localName !== 'path' || (fill && inside(shape, ...middle))) return [middle];
    const length = node.getTotalLength(), matrix = node.getScreenCTM();
    return [0.1, 0.3, 0.5, 0.7, 0.9].map(share => {
      const {x, y} = node.getPointAtLength(share * length).matrixTransform(matrix);
      return [x, y];
    });
  }

  // For every shape its best colour against what it lies on.
  function drawn() {
    return stages().map(layers => {
      const all = shapes(layers);
      const frame = rect(layers[0]);
      const label = layers.map(svg => svg.getAttribute('aria-label')).find(Boolean);
      const marks = all.map((shape, index) => {
        const inFrame = ([x, y]) => x > frame.left - 1 && x < frame.right + 1
          && y > frame.top - 1 && y < frame.bottom + 1;
        const seen = samples(shape).filter(inFrame).map(([x, y]) => {
          const under = below(all, index, x, y);
          const inks = [shape.fill, shape.stroke].filter(Boolean).map(c => over(c, under));
          return {under, ink: inks[0], best: Math.max(1, ...inks.map(c => contrast(c, under)))};
        });
        if (!seen.length) return null;
        // a line is seen where it leaves what it crosses, anything else all over
        const line = !shape.fill, sign = line ? -1 : 1;
        const worst = seen.reduce((a, b) => sign * a.best < sign * b.best ? a : b);
        const {box} = shape;
        return {
          kind: shape.node.localName, hatch: shape.hatch, dash: shape.dash,
          width: shape.width, contrast: worst.best, ink: worst.ink ?? null,
          filled: Boolean(shape.fill) || shape.hatch, under: worst.under,
          background: box.width > 0.98 * frame.width && box.height > 0.98 * frame.height,
          axes: /^(patch_\d+)$/.test(shape.node.parentNode.id) && Boolean(shape.fill)
            && shape.fill.slice(0, 3).every(c => c === 255),
          text: shape.node.localName === 'text' ? text(shape.node) : '',
          size: shape.node.localName === 'text'
            ? Number.parseFloat(getComputedStyle(shape.node).fontSize)
              * frame.width / layers[0].viewBox.baseVal.width : null,
          id: shape.node.parentNode.id, box,
        };
      }).filter(Boolean);
      return {label, frame, marks};
    });
  }

  // Every text in some elements, with its contrast to what it stands on.
  function contrasts(elements = 'body') {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (texts.nextNode()) {
      const node = texts.currentNode.parentElement, said = text(texts.currentNode);
      if (!said || !shown(node) || node.closest('style, script, svg')) continue;
      if (!node.closest(elements)) continue;
      let ground = [255, 255, 255, 0];
      for (let n = node; n && ground[3] === 0; n = n.parentElement)
        ground = rgba(getComputedStyle(n).backgroundColor);
      const under = over(ground, [255, 255, 255]);
      const ink = over(rgba(getComputedStyle(node).color), under);
      found.push([said, contrast(ink, under)]);
    }
    return found;
  }

  // Focus: what shows it is what changes when it comes.
  const SHOWS = ['outlineStyle', 'outlineWidth', 'outlineColor', 'boxShadow',
    'borderTopColor', 'borderTopWidth', 'backgroundColor', 'textDecorationLine', 'filter'];
  const look = node => {
    const style = getComputedStyle(node);
    const seen = Object.fromEntries(SHOWS.map(key => [key, style[key]]));
    if (style.outlineStyle === 'none') delete seen.outlineColor, delete seen.outlineWidth;
    return JSON.stringify(seen);
  };
  let stops = [], looks = new Map();
  function prepare() {
    document.activeElement.blur();
    stops = controls();
    looks = new Map(stops.map(node => [node, look(node)]));
    return stops.map(describe);
  }
  function where() {
    const node = document.activeElement;
    return {
      stop: stops.indexOf(node),
      what: describe(node),
      changed: looks.has(node) && looks.get(node) !== look(node),
      inside: notebook().contains(node),
      lost: node === document.body,
    };
  }

  window.access = {
    names, pictures, structure, cut_off, overlaps, drawn, contrasts, prepare, where,
  };
})();
