/** Deciding without the book of all: what this process still knows, and when it asks again. */
import { describe, expect, it } from 'vitest';

import { RouterError } from '../../../lib/errors';
import type { ReservationPort } from '../../../lib/ports';
import type { BookChanges, NewReservation } from '../../../lib/reservations';
import { MemoryReservations } from '../../../service/memory-reservations';
import { ReservationsOrAlone } from '../../../service/reservations-or-alone';

function reservation(id: string, rest: Partial<NewReservation> = {}): NewReservation {
	return {
		id,
		job_id: id,
		owner: 'other',
		server: 's1',
		server_url: null,
		gpu_group: 'card',
		model_name: 'heavy',
		preset: 'full',
		vram_peak_bytes: 10e9,
		remaining_seconds: 4,
		running: false,
		deadline_seconds: 60,
		prompt_id: null,
		expires_in_seconds: 20,
		granted_key: null,
		submitted: false,
		...rest,
	};
}

/** The book of all is a memory that can be unplugged. */
function openBook() {
	let nowMs = 0;
	const clock = { nowMs: () => nowMs, sleep: () => Promise.resolve() };
	const all = new MemoryReservations(clock);
	let failure: RouterError | null = null;
	let calls = 0;
	const plugged = <T>(call: () => Promise<T>): Promise<T> => {
		calls += 1;
		return failure ? Promise.reject(failure) : call();
	};
	const shared: ReservationPort = {
		reach: 'database',
		where: 'db',
		read: () => plugged(() => all.read()),
		exclusively: (decide) => plugged(() => all.exclusively(decide)),
		apply: (changes) => plugged(() => all.apply(changes)),
		listen: (owner, wake) => all.listen(owner, wake),
	};
	return {
		all,
		port: new ReservationsOrAlone(shared, clock),
		passSeconds: (seconds: number) => void (nowMs += seconds * 1000),
		unplug: () => {
			failure = new RouterError({ code: 'POSTGRES_UNREACHABLE', message: 'away', hint: 'wait' });
		},
		plug: () => void (failure = null),
		calls: () => calls,
	};
}

const idsOf = async (port: ReservationPort) =>
	(await port.read()).reservations.map((one) => one.id).sort();

describe('a process whose book cannot be reached', () => {
	it('goes on with what the others held when it was last read, as long as that lasts', async () => {
		const book = openBook();
		await book.all.apply({ reserve: [reservation('theirs')] });
		await book.port.read();
		book.unplug();
		book.passSeconds(5);

		const seen = await book.port.exclusively((found) => ({
			changes: { reserve: [reservation('mine', { owner: 'me' })] },
			result: found.reservations,
		}));
		expect(seen).toMatchObject([
			{ id: 'theirs', expires_in_seconds: 15, made_seconds_ago: 5, deadline_seconds: 55 },
		]);
		expect(await idsOf(book.port)).toEqual(['mine', 'theirs']);
		book.passSeconds(16);
		expect(await idsOf(book.port)).toEqual(['mine']);
		expect(book.port.lost?.code).toBe('POSTGRES_UNREACHABLE');
	});

	it('forgets what it released itself, in either book', async () => {
		const book = openBook();
		await book.port.apply({ reserve: [reservation('a'), reservation('b')] });
		await book.port.read();
		book.unplug();
		const release: BookChanges = { release: ['a'] };
		await book.port.exclusively(() => ({ changes: release, result: null }));
		expect(await idsOf(book.port)).toEqual(['b']);
	});

	it('asks again after a while, ever more rarely, and at once trusts an answer', async () => {
		const book = openBook();
		book.unplug();
		await book.port.read();
		for (const [passed, calls] of [
			[4, 1],
			[2, 2],
			[9, 2],
			[2, 3],
		] as const) {
			book.passSeconds(passed);
			await book.port.read();
			expect(book.calls()).toBe(calls);
		}
		book.plug();
		await book.all.apply({ reserve: [reservation('theirs')] });
		book.passSeconds(21);
		expect(await idsOf(book.port)).toEqual([]);
		await book.all.apply({ reserve: [reservation('theirs')] });
		expect(await idsOf(book.port)).toEqual(['theirs']);
		expect(book.port.lost).toBeNull();
	});

	it('hears what is not the fault of the database', async () => {
		const book = openBook();
		await expect(
			book.port.exclusively(() => {
				throw new Error('a mistake in the decision');
			}),
		).rejects.toThrow('a mistake in the decision');
		expect(book.port.lost).toBeNull();
	});
});
