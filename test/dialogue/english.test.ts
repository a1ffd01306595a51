/** Talks with the assistant in English. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { orderOf, PRODUCTS, runTalk, Talk } from './talk.ts';

const ALICE = '+8613800000001';

const TALKS: Readonly<Record<string, string>> = {
  'asks what there is': `
    > what do you have
    < Pork dumplings | Plum juice`,
  'asks for the menu': `
    > can you tell me the menu please
    < Soy milk`,
  'asks a price, then orders by a number': `
    > how much are the pork dumplings
    < twelve yuan | how many
    > two please
    < 2 pork dumplings: twenty four yuan | anything else`,
  'asks what is left': `
    > how many plum juices do you have left
    < 5 of Plum juice`,
  'asks whether there is any': `
    > do you have soy milk
    < 60 of Soy milk`,
  'asks for details': `
    > tell me about the scallion pancake
    < cut in six | six yuan`,
  'asks about delivery of what was spoken of': `
    > how much is the pancake
    < six yuan
    > do you deliver it
    < delivered within 40 minutes`,
  'orders several things at once': `
    > I'd like two pork dumplings and three soy milks please
    < 2 pork dumplings | 3 soy milk | thirty four yuan fifty`,
  'orders by part of a name': `
    > give me four chive dumplings
    < 4 chive and egg dumplings: forty yuan`,
  'is asked which': `
    > two dumplings please
    < which one | pork dumplings | chive and egg
    > the pork ones
    < 2 pork dumplings`,
  'asks the price of what may be two things': `
    > how much are dumplings
    < twelve yuan | ten yuan`,
  'orders without a number': `
    > I want pan fried buns
    < eight yuan | how many
    > six
    < 6 pan-fried buns: forty eight yuan`,
  'a dozen': `
    > half a dozen buns
    < 6 pan-fried buns`,
  'corrects a number': `
    > two pork dumplings
    < 2 pork dumplings
    > no, three
    < 3 pork dumplings: thirty six yuan`,
  'corrects by name': `
    > two pork dumplings and one soy milk
    > make it four pork dumplings
    < 4 pork dumplings | 1 soy milk`,
  'corrects what was meant': `
    > two pork dumplings
    > actually make that five
    < 5 pork dumplings`,
  'adds to what is there': `
    > two pork dumplings
    > another pork dumplings
    < 3 pork dumplings`,
  'takes something off': `
    > two pork dumplings and one soy milk
    > remove the soy milk
    < soy milk is off | 2 pork dumplings: twenty four
    <! 1 soy milk`,
  'does not want the last one': `
    > two pork dumplings and one soy milk
    > I do not want the soy milk
    < soy milk is off`,
  'asks what was ordered': `
    > one plum juice
    > how much is that altogether
    < 1 plum juice: five yuan`,
  'wants what is not sold': `
    > I would like a pizza
    < do not have that | pork dumplings`,
  'wants more than there is': `
    > twenty plum juices please
    < only 5 | how many
    > five then
    < 5 plum juice: twenty five yuan`,
  'begins again': `
    > two pork dumplings
    > forget it, start over
    < nothing is ordered
    > that's all
    < not ordered anything`,
  'says no to the summary and corrects': `
    > two pork dumplings
    > that's all
    < 2 pork dumplings | place the order
    > no
    < what shall I change
    > make it three
    < 3 pork dumplings
    > nothing else
    < 3 pork dumplings: thirty six yuan | place the order`,
  'corrects at the summary': `
    > two pork dumplings
    > no that's all
    < place the order
    > no, four
    < 4 pork dumplings: forty eight`,
  'orders, keys the number, is sent the link and pays': `
    > two pork dumplings
    > no thank you that is all
    < place the order
    > yes
    < key in your mobile number
    > [keys 13800000001]
    < 1 3 8, 0 0 0 0, 0 0 0 1 | right
    > yes
    = place watch
    < placed | 0 0 0 1 | 4 4 7, 1 9 0, 2 3 8 5 | anything else
    > [paid]
    < payment of twenty four yuan has arrived
    > no
    < goodbye
    = leave`,
  'ends a shorter number with the hash key': `
    > one soy milk
    > that is it
    > yes please
    > [keys 442079460000#]
    < 4 4 2 0, 7 9 4 6, 0 0 0 0
    > yes
    = place watch`,
  'says the number group by group, with a correction': `
    > one soy milk
    > that's everything
    > yes
    > one three eight
    < 1 3 8
    > zero zero zero one
    < 0 0 0 1.
    > no
    < so far: 1 3 8
    > double zero double zero
    < 0 0 0 0.
    > zero zero zero one
    < 1 3 8, 0 0 0 0, 0 0 0 1 | right
    > yes that's right
    = place watch`,
  'the number was heard wrongly': `
    > one soy milk
    > that is all
    > yes
    > one three eight zero zero zero zero zero zero zero one
    < 0 0 0 1
    > no
    < key in`,
  'takes the keys back with a star': `
    > one soy milk
    > that is all
    > yes
    > [keys 139*]
    < key in
    > [keys 13800000002]
    < 0 0 0 2`,
  'wants the link by e-mail': `
    > one soy milk
    > that is all
    > yes
    < key in
    > by e-mail please
    < spell
    > m e i dot lin at example dot com
    < M, E, I, dot, L, I, N, at
    > yes
    < key in`,
  'keys an order number and asks about it': `
    > where is my order
    < ten figures
    > [keys 4471902385]
    < last four figures
    > [keys 0001]
    = hush hush hush find
    < paid`,
  'says an order number that does not exist': `
    > I want to ask about an order
    < ten figures
    > four four seven one nine zero two three eight five
    < last four
    > nine nine nine nine
    < no such order`,
  'the payment does not work, and then does': `
    > one soy milk
    > that is all
    > yes
    > [keys 13800000001]
    > [keys 1]
    < placed
    > [paying]
    > [unpaid]
    < did not work
    > [paid]
    < has arrived`,
  'asks about the order of this call': `
    > one soy milk
    > that is all
    > yes
    > [keys 13800000001]
    > yes
    > has my payment arrived
    < not paid yet`,
  'says a card number': `
    > I want to pay by credit card
    < never give a card number
    > four one one one one one one one one one one one one one one one
    < never give a card number | not recorded
    = hide`,
  'keys a card number': `
    > [keys 4111111111111111]
    < never give a card number
    = hush hush hush hush hush hush hush hush hush hush hush hush hush hush hush hide`,
  'keys a card number for a telephone number': `
    > one soy milk
    > that is all
    > yes
    > [keys 5500005555555559]
    < never give a card number`,
  'wants an agent': `
    > I want to talk to a person
    < connecting you to an agent
    = agent`,
  'presses zero for an agent': `
    > [keys 0]
    = agent`,
  'is not understood twice, and is given to an agent': `
    > [unclear]
    < did not get that | you can ask
    > [unclear]
    < did not get that
    > [unclear]
    = agent`,
  'is understood in between': `
    > [unclear]
    > [unclear]
    > what do you have
    < pork dumplings
    > [unclear]
    < did not get that
    =`,
  'is silent': `
    > [silence]
    < still there
    > [silence]
    < still there
    > [silence]
    = agent`,
  'did not hear it': `
    > how much is soy milk
    > sorry can you repeat that
    < three yuan fifty | how many`,
  'says goodbye': `
    > thanks goodbye
    = leave
    < thank you for calling`,
  'is thanked': `
    > thank you
    < welcome`,
  'asks for help': `
    > what can I say
    < you can ask`,
  'goes on in Chinese': `
    > do you speak Chinese
    = language
    < 语音助手
    > 两份猪肉水饺
    < 2份猪肉水饺`,
  'turns to something else in the middle of a question': `
    > how much is soy milk
    < how many
    > what is in the pork dumplings
    < 12 pieces with vinegar`,
  'two of what is not sold are not two of what was spoken of': `
    > two pork dumplings
    > three pizzas
    <! 3 pork dumplings
    > what have I ordered
    < 2 pork dumplings`,
  'keys how many': `
    > how much is soy milk
    > [keys 4]
    < 4 soy milk: fourteen yuan`,
};

describe('talks in English', () => {
  const find = (number: string, digits: string) =>
    number === '4471902385' && digits === '0001'
      ? ({ is: 'found', order: orderOf({ state: 'paid' }) } as const)
      : ({ is: 'not_found' } as const);
  for (const [name, script] of Object.entries(TALKS)) {
    test(name, () => void runTalk('en', script, { find }));
  }

  test('the link goes to the number that calls, where the caller wants it', () => {
    const talk = runTalk(
      'en',
      `
      > two pork dumplings
      > that's all
      > yes
      < calling from, ending in 0 0 0 1
      > yes please
      = place watch`,
      { from: ALICE },
    );
    assert.deepEqual(talk.wishes, [
      { lines: [{ code: '1', quantity: 2 }], phone: ALICE, email: null, language: 'en' },
    ]);
  });

  test('an e-mail address goes with the number of who pays', () => {
    const talk = runTalk(
      'en',
      `
      > two pork dumplings
      > that's all
      > yes
      > e-mail
      > mei@example.com
      > yes
      > yes
      = place watch
      < to your e-mail address`,
      { from: ALICE },
    );
    assert.equal(talk.wishes[0]?.email, 'mei@example.com');
  });

  test('what was sold meanwhile is told, and fewer may be had', () => {
    const place = () => ({ ok: false, why: 'sold_out', line: 0, left: 1 }) as const;
    runTalk(
      'en',
      `
      > two plum juices
      > that's all
      > yes
      > yes
      < only 1
      > one
      < 1 plum juice`,
      { from: ALICE, place },
    );
  });

  test('without an order centre an agent takes over', () => {
    const place = () => ({ ok: false, why: 'away' }) as const;
    runTalk('en', '> one soy milk\n> that is all\n> yes\n> yes\n= place agent', {
      ...{ from: ALICE, place },
    });
  });

  const STRANGERS = [
    'did you see the football match last night',
    'turn left at the next corner and park behind the church',
    'mum where are my blue trousers',
    'the train to Hangzhou leaves from platform nine',
    'he told her that the meeting was moved to Tuesday',
    'I really think we should paint the kitchen yellow',
    'hang on a second somebody is at the door',
    'it is raining cats and dogs outside today',
    'my sister works in a hospital in Berlin',
    'could somebody close that window please',
  ];
  for (const said of STRANGERS) {
    test(`nothing is done for a stranger's talk: ${said}`, () => {
      const talk = new Talk('en');
      talk.say(said);
      assert.match(talk.reply, /did not get that/);
      assert.deepEqual(talk.state.basket, []);
    });
  }

  test('prices and stock are those of the moment', () => {
    const talk = new Talk('en');
    const dearer = PRODUCTS.map((each) => ({ ...each, unit_minor: 2 * each.unit_minor, stock: 0 }));
    talk.say('two pork dumplings');
    talk.take({ is: 'products', products: dearer });
    talk.say('how much is it altogether');
    assert.match(talk.reply, /forty eight yuan/);
    talk.say('do you have soy milk');
    assert.match(talk.reply, /sold out/);
  });
});
