// The texts of the interface of a Chinese page that are English: labels, headings, buttons, tips.
// Names, code and what people or models wrote are in other elements, or are single words.
() => {
  const interface_ =
    "h1, h2, h3, h4, label, legend, button, th, dt, summary, nav a, .button, .badge, .help, " +
    ".label, .about, .empty p, .notice > .title, .tabs a, figcaption, caption, .unit, option";
  const written = "code, pre, kbd, bdi, textarea, [lang=en], .outline, .written, .document, .as-written, .mono, .asked";
  const isEnglish = (text) =>
    !/[\u4e00-\u9fff]/.test(text) && /[A-Za-z]{2,}[,;:]? [A-Za-z]{2,}/.test(text);
  const found = new Set();
  for (const element of document.querySelectorAll(interface_)) {
    if (!element.checkVisibility() || element.closest(written)) continue;
    for (const node of element.childNodes) {
      const text = node.nodeType === Node.TEXT_NODE ? node.textContent.trim() : "";
      if (isEnglish(text)) found.add(text);
    }
  }
  for (const element of document.querySelectorAll("[title], [aria-label], [placeholder]")) {
    for (const name of ["title", "aria-label", "placeholder"]) {
      const text = element.getAttribute(name) ?? "";
      if (isEnglish(text) && !element.closest(written)) found.add(`${name}: ${text}`);
    }
  }
  const ignored = ["LLaMA Factory", "Alibaba Cloud Model Studio"];
  return [...found].filter((text) => !ignored.includes(text));
}
