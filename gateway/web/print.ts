/** A button that prints the page; where there is no script, the browser's own menu does. */
import { type Html, html } from './html.ts';

export const printButton = (says: string): Html => html`<button id="print" hidden>${says}</button>`;

/** A part of a page's script. */
export const PRINT_SCRIPT =
  "{const b=document.getElementById('print');if(b){b.hidden=false;b.onclick=()=>window.print()}}";
