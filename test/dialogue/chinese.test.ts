/** Talks with the assistant in Mandarin. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { orderOf, runTalk, Talk } from './talk.ts';

const TALKS: Readonly<Record<string, string>> = {
  'asks what there is': `
    > 你们有什么
    < 猪肉水饺 | 酸梅汤`,
  'asks for the menu': `
    > 菜单上有哪些
    < 豆浆`,
  'asks a price, then orders by a number': `
    > 猪肉水饺多少钱
    < 十二元 | 几份
    > 两份
    < 2份猪肉水饺，一共二十四元 | 还要别的吗`,
  'asks what is left': `
    > 酸梅汤还剩多少
    < 还有5份`,
  'asks whether there is any': `
    > 有豆浆吗
    < 豆浆还有60份`,
  'asks for details': `
    > 介绍一下葱油饼
    < 切六块 | 六元`,
  'asks about delivery of what was spoken of': `
    > 葱油饼多少钱
    > 送外卖吗
    < 40分钟内送达`,
  'orders several things at once': `
    > 我要两份猪肉水饺和三杯豆浆
    < 2份猪肉水饺 | 3份豆浆 | 三十四元五角`,
  'the number comes after the goods': `
    > 生煎包来六份
    < 6份生煎包
    > 豆浆两杯
    < 2份豆浆`,
  'orders by part of a name': `
    > 来四份韭菜水饺
    < 4份韭菜鸡蛋水饺，一共四十元`,
  'is asked which': `
    > 来两份水饺
    < 猪肉水饺还是韭菜鸡蛋水饺
    > 猪肉的
    < 2份猪肉水饺`,
  'calls them by another name': `
    > 要三份猪肉饺子
    < 3份猪肉水饺`,
  'asks the price of what may be two things': `
    > 饺子怎么卖
    < 十二元 | 十元`,
  'orders without a number': `
    > 我想要生煎包
    < 八元 | 几份
    > 六个
    < 6份生煎包`,
  'corrects a number': `
    > 两份猪肉水饺
    > 不，三份
    < 3份猪肉水饺，一共三十六元`,
  'corrects what was heard': `
    > 两份猪肉水饺
    > 不对，是五份
    < 5份猪肉水饺`,
  'corrects by name': `
    > 两份猪肉水饺，一杯豆浆
    > 猪肉水饺改成四份
    < 4份猪肉水饺 | 1份豆浆`,
  'adds to what is there': `
    > 两份猪肉水饺
    > 再来一份猪肉水饺
    < 3份猪肉水饺`,
  'takes something off': `
    > 两份猪肉水饺，一杯豆浆
    > 不要豆浆了
    < 豆浆去掉了 | 2份猪肉水饺`,
  'asks what was ordered': `
    > 一份酸梅汤
    > 一共多少钱
    < 1份酸梅汤，一共五元`,
  'wants what is not sold': `
    > 我要一个比萨
    < 没有这个 | 猪肉水饺`,
  'wants more than there is': `
    > 来二十份酸梅汤
    < 只剩5份
    > 那就五份
    < 5份酸梅汤`,
  'begins again': `
    > 两份猪肉水饺
    > 算了，重新点
    < 都取消了`,
  'says no to the summary and corrects': `
    > 两份猪肉水饺
    > 就这些
    < 现在下单吗
    > 不
    < 改什么
    > 改成三份
    < 3份猪肉水饺
    > 没有了
    < 3份猪肉水饺，一共三十六元 | 下单`,
  'orders, keys the number, is sent the link and pays': `
    > 两份猪肉水饺
    > 就这些
    > 好的
    < 按键输入
    > [keys 13800000001]
    < 幺三八，零零零零，零零零幺 | 对吗
    > 对
    = place watch
    < 已经下单 | 尾号零零零幺 | 还要别的吗
    > [paid]
    < 付款二十四元已经到账
    > 没有了
    < 再见
    = leave`,
  'says the number group by group, with a correction': `
    > 一杯豆浆
    > 就这些
    > 好
    > 幺三八
    < 幺三八
    > 零零零幺
    > 不对
    < 目前是幺三八
    > 零零零零
    > 零零零幺
    < 幺三八，零零零零，零零零幺 | 对吗
    > 是的
    = place watch`,
  'the whole number at once': `
    > 一杯豆浆
    > 就这样
    > 可以
    > 我的手机号是幺三八零零零零零零零二
    < 零零零二 | 对吗
    > 不对
    < 按键输入`,
  'wants the link by e-mail': `
    > 一杯豆浆
    > 就这样
    > 可以
    > 发到邮箱吧
    < 逐个字母
    > m e i 艾特 example 点 com
    < M, E, I, 艾特 | 对吗
    > 对的
    < 手机号码`,
  'asks about an earlier order': `
    > 我想查一下订单
    < 十位订单号
    > [keys 4471902385]
    < 后四位
    > 零零零幺
    = find
    < 已经付款`,
  'an order that does not exist': `
    > 我的订单到哪了
    > 四四七幺九零二三八五
    > 九九九九
    < 没有找到`,
  'the payment does not work, and then does': `
    > 一杯豆浆
    > 就这些
    > 好
    > [keys 13800000001]
    > [keys 1]
    > [paying]
    > [unpaid]
    < 没有成功
    > 我的付款到了吗
    < 还没有付款
    > [paid]
    < 到账`,
  'wants to say a card number': `
    > 我用信用卡付款
    < 不要在电话里说卡号
    > 四一一一一一一一一一一一一一一一
    < 没有录音
    = hide`,
  'wants an agent': `
    > 转人工
    = agent`,
  'is not understood twice': `
    > [unclear]
    < 没有听清
    > [unclear]
    < 没有听清
    > [unclear]
    = agent`,
  'is silent': `
    > [silence]
    < 您还在吗
    > [silence]
    > [silence]
    = agent`,
  'did not hear it': `
    > 豆浆多少钱
    > 我没听清，再说一遍
    < 三元五角 | 几份`,
  'says goodbye': `
    > 谢谢，再见
    = leave`,
  'is thanked': `
    > 谢谢
    < 不客气`,
  'goes on in English': `
    > 可以说英语吗
    = language
    < voice assistant`,
};

describe('talks in Mandarin', () => {
  const find = (number: string, digits: string) =>
    number === '4471902385' && digits === '0001'
      ? ({ is: 'found', order: orderOf({ state: 'paid' }) } as const)
      : ({ is: 'not_found' } as const);
  for (const [name, script] of Object.entries(TALKS)) {
    test(name, () => void runTalk('zh-CN', script, { find }));
  }

  test('the link goes to the number that calls', () => {
    const script =
      '> 两份猪肉水饺\n> 就这些\n> 好\n< 来电的号码，尾号零零零幺\n> 可以\n= place watch';
    const talk = runTalk('zh-CN', script, { from: '+8613800000001' });
    assert.equal(talk.wishes[0]?.phone, '+8613800000001');
    assert.equal(talk.wishes[0]?.language, 'zh-CN');
  });

  const STRANGERS = [
    '昨天晚上的球赛你看了没',
    '前面路口左转然后停在教堂后面',
    '妈妈我的蓝裤子在哪里',
    '去杭州的火车从九号站台发车',
    '他说会议改到星期二了',
    '今天外面雨下得很大',
    '我姐姐在医院上班',
    '麻烦关一下窗户',
    '等一下有人敲门',
    '作业写完了没有',
  ];
  for (const said of STRANGERS) {
    test(`nothing is done for a stranger's talk: ${said}`, () => {
      const talk = new Talk('zh-CN');
      talk.say(said);
      assert.match(talk.reply, /没有听清/);
      assert.deepEqual(talk.state.basket, []);
    });
  }
});
