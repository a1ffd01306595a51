/** The page at the bare address, for whoever typed that: where everything else is. */
import type { FastifyInstance } from 'fastify';
import { otherOf } from '#device/messages/enrolment.ts';
import type { Core } from '../core.ts';
import { html } from './html.ts';
import { sendPage } from './layout.ts';
import { type MessageKey, say } from './messages.ts';
import { languageOf } from './requests.ts';

/** Leads to what this process has of the pages that need no link of somebody else's. */
export function addFrontPage(server: FastifyInstance, core: Core): void {
  server.get('/', (request, reply) => {
    const language = languageOf(request);
    const places: readonly (readonly [path: string, word: MessageKey])[] = [
      ['/pair', 'front_pair'],
      ...(core.topups.offered ? [['/top-up', 'front_top_up'] as const] : []),
      ...(core.roles.includes('fund-server') ? [['/vouchers', 'front_vouchers'] as const] : []),
      ['/counter', 'front_counter'],
    ];
    const links = places.map(
      ([path, word]) => html`<a href="${path}?lang=${language}">${say(language, word)}</a>`,
    );
    const body = html`<div class="slip"><h1>${say(language, 'front')}</h1>
<p>${say(language, 'front_says')}</p><nav>${links}</nav></div>`;
    const title = say(language, 'front');
    return sendPage(reply, 200, {
      language,
      title,
      body,
      otherLanguage: `/?lang=${otherOf(language)}`,
    });
  });
}
