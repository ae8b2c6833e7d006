// What a person could not read, reach or name in the page at hand, each as a line of text.
() => {
  // Text whose contrast with what is behind it is less than WCAG AA asks for (1.4.3).
  const contrast = () => {
    const parse = (text) => {
      const found = text.match(/rgba?\(([^)]+)\)/);
      if (!found) {
        const srgb = text.match(/color\(srgb ([^)]+)\)/);
        if (!srgb) return null;
        const [r, g, b, a = 1] = srgb[1].split(/[ /]+/).map(Number);
        return [r * 255, g * 255, b * 255, a];
      }
      const [r, g, b, a = 1] = found[1].split(/[ ,/]+/).map(Number);
      return [r, g, b, a];
    };
    const over = (top, below) =>
      [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
    const ground = (element) => {
      const layers = [];
      for (let at = element; at; at = at.parentElement) {
        const colour = parse(getComputedStyle(at).backgroundColor);
        if (colour && colour[3] > 0) layers.push(colour);
      }
      return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
    };
    const luminance = ([r, g, b]) => {
      const [x, y, z] = [r, g, b].map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const faults = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.textContent.trim() || !element.checkVisibility({ visibilityProperty: true }))
        continue;
      if (element.closest("script, template, .unseen, :disabled, [aria-disabled=true]")) continue;
      if (element.closest("svg")) continue;
      const style = getComputedStyle(element);
      const behind = ground(element);
      const text = over(parse(style.color), behind);
      const [light, dark] = [luminance(text), luminance(behind)].sort((a, b) => b - a);
      const ratio = (light + 0.05) / (dark + 0.05);
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (large ? 3 : 4.5) - 0.01)
        faults.add(`${ratio.toFixed(2)}: "${walker.currentNode.textContent.trim().slice(0, 40)}"`);
    }
    return [...faults];
  };

  // What one can use but a screen reader cannot name (4.1.2).
  const unnamed = () => [...document.querySelectorAll("button, a[href], input, select, textarea")]
    .filter((it) => it.checkVisibility() && it.type !== "hidden")
    .filter((it) => !(it.textContent.trim() || it.ariaLabel || it.title || it.labels?.length
                      || it.getAttribute("aria-labelledby") || it.placeholder))
    .map((it) => it.outerHTML.slice(0, 120));

  // What is cut off at the right, other than in boxes that scroll by themselves (1.4.10).
  const scrolls = (element) => {
    for (let at = element.parentElement; at && at !== document.body; at = at.parentElement)
      if (getComputedStyle(at).overflowX !== "visible") return true;
    return false;
  };
  const cutOff = () => [...document.querySelectorAll("body *")]
    .filter((it) => it.checkVisibility() && it.getBoundingClientRect().right > innerWidth + 1)
    .filter((it) => !it.closest(".side, dialog") && !scrolls(it))
    .map((it) => `${it.tagName}.${it.className} ${it.textContent.trim().slice(0, 30)}`)
    .slice(0, 5);

  const wider = document.documentElement.scrollWidth - innerWidth;
  return [
    ...(wider > 0 ? [`${wider} px too wide`] : []),
    ...cutOff().map((it) => `cut off: ${it}`),
    ...contrast().map((it) => `contrast ${it}`),
    ...unnamed().map((it) => `without a name: ${it}`),
  ];
}
