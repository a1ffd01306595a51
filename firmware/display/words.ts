/** The few words that a display has of its own; all others come with the screen. */
import type { Screen } from '#device/ports/display.ts';

export type Language = 'en' | 'zh-CN';

/** The language of a screen, told by its own words: displays need no setting for it. */
export const languageOf = (screen: Pick<Screen, 'title' | 'hint'>): Language =>
  /\p{Script=Han}/u.test(screen.title + screen.hint) ? 'zh-CN' : 'en';

export const OWN_WORDS = {
  en: {
    offline: 'Offline',
    digits: 'Code',
    missing: 'Not working',
    gone: 'Not in service',
    goneWhy: 'The terminal has stopped. Do not pay now.',
    goneMend: 'This screen comes back by itself.',
    enter: 'Enter',
    back: 'Delete one digit',
    cancel: 'Cancel',
  },
  'zh-CN': {
    offline: '离线',
    digits: '验证码',
    missing: '未工作',
    gone: '暂停服务',
    goneWhy: '收款机已停止，请勿付款。',
    goneMend: '恢复后本屏会自动显示。',
    enter: '确认',
    back: '删除一位',
    cancel: '取消',
  },
} as const satisfies Record<Language, Record<string, string>>;

/** Without the full stop at its end, to stand in a row with others. */
export const sentence = (text: string): string => text.replace(/[.。]$/, '');

/** One line about an organ that does not work: `Speaker: unplugged · plug it in`. */
export const missingLine = ({ organ, why, mend }: Screen['missing'][number]): string =>
  `${organ}: ${sentence(why)} · ${sentence(mend)}`;
