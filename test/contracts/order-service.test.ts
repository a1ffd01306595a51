/** What a browser reads: one URL even while it changes, and word of each change. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withBindings } from '@stoprocent/bleno';
import { type BlenoClasses, createOrderService } from '#firmware/advertiser/order-service.ts';

const classes = withBindings('hci', { hciDriver: 'uart' }) as unknown as BlenoClasses;

function serve() {
  const orders = createOrderService(classes);
  const [characteristic] = orders.service.characteristics;
  assert.ok(characteristic);
  const read = (connection: number, offset: number): { status: number; text: string } => {
    let answer = { status: -1, text: '' };
    characteristic.onReadRequest(connection, offset, (status, data) => {
      answer = { status, text: String(data ?? '') };
    });
    return answer;
  };
  return { orders, characteristic, read };
}

describe('order service', () => {
  test('a long read that a change interrupts is of one URL', () => {
    const { orders, read } = serve();
    orders.show('https://a.example/first');
    assert.equal(read(64, 0).text, 'https://a.example/first');
    orders.show('https://b.example/second-and-longer');
    assert.equal(read(64, 18).text, 'first');
    assert.equal(read(65, 0).text, 'https://b.example/second-and-longer');
    assert.equal(read(64, 0).text, 'https://b.example/second-and-longer');
  });

  test('an offset at the end reads nothing, one beyond it is refused', () => {
    const { orders, read } = serve();
    orders.show('https://a.example');
    assert.deepEqual(read(64, 17), { status: 0x00, text: '' });
    assert.deepEqual(read(64, 18), { status: 0x07, text: '' });
  });

  test('who subscribed is told of changes, and only of changes', () => {
    const { orders, characteristic } = serve();
    const told: string[] = [];
    characteristic.onSubscribe(64, 253, (data) => told.push(String(data)));
    orders.show('https://a.example');
    orders.show('https://a.example');
    orders.show('');
    orders.forget(64);
    orders.show('https://b.example');
    assert.deepEqual(told, ['https://a.example', '']);
  });
});
