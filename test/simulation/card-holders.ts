/** All who have cards, as one actor of a world: their cards, and what has to become of them. */
import type { Actor, Scene } from './actors.ts';
import {
  comeWithCard,
  giveBackToCard,
  isWanted,
  keepCards,
  makePurse,
  settleCards,
  type Wallet,
  whyWanted,
} from './card-people.ts';
import type { Purse } from './card-reader.ts';
import type { TerminalMachine } from './terminal-machine.ts';

/** They come where the plan has cards; `null` elsewhere. */
export function cardHolders({ plan, street, houses, terminals }: Scene): Actor | null {
  const { settlement } = houses;
  if (settlement === null) return null;
  const { auditor } = street;
  const purses: Purse[] = [];
  const wallet: Wallet = { purses, settlement, terminals, share: plan.cardShare };

  /** Something is due to a card or in doubt of it, or it has done what nobody has told yet. */
  const wants = (purse: Purse): boolean =>
    isWanted(wallet, purse) ||
    (settlement.tables.settlement.lastTransaction(purse.id)?.counter ?? 0) !== purse.counter ||
    terminals.some(({ id }) => auditor.journals.inDoubt(id, purse.id));

  return {
    async prepare() {
      for (let at = 1; at <= plan.cards; at += 1) {
        const chance = street.chance.stream(`card ${at}`);
        const purse = await makePurse(settlement, chance, chance.pick([0, 3000, 60_000]));
        purses.push(purse);
        auditor.cards.add(purse);
      }
    },
    begin() {
      void keepCards(street, wallet);
      auditor.onPaidByCard = (order) => void giveBackToCard(street, wallet, order);
    },
    offered(terminal: TerminalMachine, order: string) {
      void comeWithCard(street, wallet, terminal, order);
    },
    heal: () => void settleCards(street, wallet, wants),
    unfinished: () =>
      purses
        .filter(wants)
        .map((purse) => `card ${purse.id} is waited for: ${whyWanted(wallet, purse)}`),
    judge() {
      const desk = settlement.life?.core.settlement;
      if (desk) auditor.judgeCards(desk, settlement.tables);
    },
  };
}
