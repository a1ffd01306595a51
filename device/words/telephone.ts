/** What the telephone terminal itself says to callers; handlers have words of their own. */
import type { CallPrompt } from '../flows/call.ts';
import type { Language } from '../messages/enrolment.ts';
import type { Clip } from '../ports/speaker.ts';

type Words = Readonly<Record<CallPrompt, string>>;

const english = (merchant: string): Words => ({
  welcome: `Welcome to ${merchant}. This call is recorded.`,
  menu: 'For an agent, press one. For the voice assistant, press two. For Chinese, press star.',
  'menu-agent': 'For an agent, press one. For Chinese, press star.',
  'menu-assistant': 'For the voice assistant, press two. For Chinese, press star.',
  'not-understood': 'I did not get that.',
  hold: 'All lines are busy. Please hold.',
  'hold-assistant': 'All agents are talking. Please hold, or press two for the voice assistant.',
  nobody: 'Sorry, nobody can take your call now. Please call again later.',
  goodbye: 'Goodbye.',
});

const chinese = (merchant: string): Words => ({
  welcome: `欢迎致电${merchant}。本次通话将被录音。`,
  menu: '人工服务请按一，语音助手请按二，英语服务请按星号键。',
  'menu-agent': '人工服务请按一，英语服务请按星号键。',
  'menu-assistant': '语音助手请按二，英语服务请按星号键。',
  'not-understood': '对不起，我没有听清。',
  hold: '线路繁忙，请稍候。',
  'hold-assistant': '人工座席繁忙，请稍候，或按二使用语音助手。',
  nobody: '对不起，现在无人接听，请稍后再拨。',
  goodbye: '再见。',
});

export const callClipId = (language: Language, prompt: CallPrompt): string =>
  `${language === 'en' ? 'en' : 'zh'}.call-${prompt}`;

/** Every prompt in both languages, for the merchant's name in each. */
export function callVocabulary(merchant: Readonly<Record<Language, string>>): Clip[] {
  const clips = (language: Language, words: Words): Clip[] =>
    (Object.keys(words) as CallPrompt[]).map((prompt) => ({
      ...{ id: callClipId(language, prompt), language, text: words[prompt] },
    }));
  return [...clips('en', english(merchant.en)), ...clips('zh-CN', chinese(merchant['zh-CN']))];
}
