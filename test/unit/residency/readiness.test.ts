/** What the next job is expected to get, against counting it out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Readiness, type ReadyKind } from '../../../lib/residency/readiness';

const KEYS = ['a', 'b', 'c'];
const worth = fc.double({ min: 0, max: 1, noNaN: true });

interface Case {
	kinds: ReadyKind[];
	residents: (string | null | undefined)[];
	server: number;
	key: string;
}

const cases: fc.Arbitrary<Case> = fc.integer({ min: 1, max: 4 }).chain((servers) =>
	fc.record({
		kinds: fc.array(
			fc.record({
				share: worth,
				cold: fc.array(worth, { minLength: servers, maxLength: servers }),
				warm: fc.array(
					fc
						.array(worth, { minLength: 3, maxLength: 3 })
						.map((values) => new Map(KEYS.map((key, n) => [key, values[n] as number]))),
					{ minLength: servers, maxLength: servers },
				),
			}),
			{ minLength: 1, maxLength: 4 },
		),
		residents: fc.array(fc.constantFrom<(string | null | undefined)[]>('a', 'b', null, undefined), {
			minLength: servers,
			maxLength: servers,
		}),
		server: fc.nat({ max: servers - 1 }),
		key: fc.constantFrom(...KEYS),
	}),
);

/** Every way in which servers may be free: the job goes to the free one where it gets most. */
function countedOut(kinds: readonly ReadyKind[], residents: Case['residents']): number {
	let total = 0;
	for (const { share, cold, warm } of kinds) {
		const values = residents.flatMap((key, server) => {
			if (key === undefined) return [];
			const held = key === null ? 0 : (warm[server]?.get(key) ?? 0);
			return [Math.max(cold[server] as number, held)];
		});
		for (let free = 0; free < 2 ** values.length; free++) {
			let probability = 1;
			let most = 0;
			values.forEach((value, n) => {
				const isFree = (free >> n) % 2 === 1;
				probability *= isFree ? 0.95 : 0.05;
				if (isFree) most = Math.max(most, value);
			});
			total += share * probability * most;
		}
	}
	return total;
}

describe('readiness', () => {
	it('is the mean over all ways in which servers may be free', () => {
		fc.assert(
			fc.property(cases, ({ kinds, residents }) => {
				expect(new Readiness(kinds, residents).value).toBeCloseTo(countedOut(kinds, residents), 9);
			}),
		);
	});

	it('says beforehand what it would be after a load, and while a server takes no jobs', () => {
		fc.assert(
			fc.property(cases, ({ kinds, residents, server, key }) => {
				fc.pre(residents[server] !== undefined);
				const ready = new Readiness(kinds, residents);
				const loaded = residents.map((held, n) => (n === server ? key : held));
				expect(ready.ifLoaded(server, key)).toBeCloseTo(countedOut(kinds, loaded), 9);
				const without = residents.map((held, n) => (n === server ? undefined : held));
				expect(ready.without(server)).toBeCloseTo(countedOut(kinds, without), 9);
			}),
		);
	});

	it('hardly depends on servers beyond the best few', () => {
		const kind = (servers: number): ReadyKind => ({
			share: 1,
			cold: Array.from({ length: servers }, () => 0.5),
			warm: Array.from({ length: servers }, () => new Map()),
		});
		const many = new Readiness([kind(200)], new Array<null>(200).fill(null));
		expect(many.value).toBeCloseTo(0.5, 4);
		expect(many.value).toBeLessThanOrEqual(0.5);
	});
});
