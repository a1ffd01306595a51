/** What the parts of the desk have in common: its words, and elements. */

export const desk = document.getElementById('desk');
export const words = JSON.parse(desk.dataset.words);
export const own = desk.dataset.language === 'en' ? 'en' : 'zh';
export const at = (id) => document.getElementById(id);

export function make(name, text, attributes = {}) {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'onclick') element.addEventListener('click', value);
    else element.setAttribute(key, value);
  }
  return element;
}
export const money = (minor, currency) =>
  new Intl.NumberFormat(own === 'en' ? 'en' : 'zh-CN', {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
  }).format(minor / (currency === 'JPY' ? 1 : 100));
export const show = (list, items, none) =>
  list.replaceChildren(...(items.length > 0 ? items : [make('li', none, { class: 'soft' })]));
