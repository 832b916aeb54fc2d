import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
	obtainableBytes,
	type WatchOptions,
	type WatchState,
	watchTransitions,
} from '../../../lib/vram-watch/transitions';
import type { VramReading } from '../../../lib/vram-watch/types';
import { vramReading } from '../../support/usage-rows';

const TOTAL = 24e9;
const free = (bytes: number): VramReading => vramReading({ vram_total: TOTAL, vram_free: bytes });
const gone = vramReading({
	reachable: false,
	error: 'no answer',
	vram_total: null,
	vram_free: null,
	device_index: null,
});

/** Kinds of events per round; the state goes through JSON, as n8n's static data does. */
function play(rounds: VramReading[], options?: WatchOptions): string[][] {
	let state: WatchState = {};
	return rounds.map((reading) => {
		const result = watchTransitions(
			JSON.parse(JSON.stringify(state)) as WatchState,
			[reading],
			options,
		);
		state = result.state;
		return result.events.map((event) => event.kind);
	});
}

describe('obtainableBytes', () => {
	it('counts what ComfyUI holds for its own models, which it evicts when it needs the room', () => {
		expect(
			obtainableBytes(
				vramReading({ vram_free: 2e9, torch_vram_total: 20e9, torch_vram_free: 1e9 }),
			),
		).toBe(21e9);
	});

	it('counts only what is free where all four figures are the memory of the system', () => {
		expect(
			obtainableBytes(
				vramReading({
					vram_total: 32e9,
					vram_free: 3e9,
					torch_vram_total: 32e9,
					torch_vram_free: 3e9,
				}),
			),
		).toBe(3e9);
	});

	it('is unknown where the server did not say', () => {
		expect(obtainableBytes(gone)).toBeNull();
	});
});

describe('watchTransitions', () => {
	it('reports low once, and recovered only well above the threshold', () => {
		const rounds = [20e9, 2e9, 1e9, 3e9, 4.7e9, 5e9, 2e9].map(free);
		expect(play(rounds)).toEqual([[], ['low_vram'], [], [], [], ['recovered'], ['low_vram']]);
	});

	it('is not low on a healthy idle server that keeps its models', () => {
		const resident = vramReading({
			vram_total: TOTAL,
			vram_free: 1e9,
			torch_vram_total: 22e9,
			torch_vram_free: 0.5e9,
		});
		expect(play([resident])).toEqual([[]]);
	});

	it('takes bytes as thresholds', () => {
		const options = { lowBelow: { bytes: 8e9 }, recoveredAbove: { bytes: 9e9 } };
		expect(play([7.9e9, 8.5e9, 9e9].map(free), options)).toEqual([['low_vram'], [], ['recovered']]);
	});

	it('recovers even where the threshold is the whole card', () => {
		expect(play([1e9, TOTAL].map(free), { lowBelow: { ratio: 0.9 } })).toEqual([
			['low_vram'],
			['recovered'],
		]);
	});

	it('calls a server unreachable after two failures in a row, and back at the first answer', () => {
		const rounds = [gone, free(20e9), gone, gone, gone, free(20e9)];
		expect(play(rounds)).toEqual([[], [], [], ['unreachable'], [], ['back']]);
	});

	it('remembers what was low over an outage', () => {
		expect(play([free(1e9), gone, gone, free(1e9), free(20e9)])).toEqual([
			['low_vram'],
			[],
			['unreachable'],
			['back'],
			['recovered'],
		]);
	});

	it('keeps servers and devices apart, whatever they are called', () => {
		const readings = ['a', '__proto__', 'constructor'].map((server) =>
			vramReading({ server, vram_free: 1e9 }),
		);
		const first = watchTransitions({}, readings);
		expect(first.events.map((event) => event.server)).toEqual(['a', '__proto__', 'constructor']);
		const state = JSON.parse(JSON.stringify(first.state)) as WatchState;
		expect(watchTransitions(state, readings).events).toEqual([]);
		const second = vramReading({ server: 'a', device_index: 1, vram_free: 1e9 });
		expect(watchTransitions(state, [second]).events.map((event) => event.device_index)).toEqual([
			1,
		]);
	});

	it('starts anew from damaged state', () => {
		const state = { 'gpu-a': { failures: 'x', low: 7 } } as unknown as WatchState;
		expect(watchTransitions(state, [free(1e9)]).events.map((event) => event.kind)).toEqual([
			'low_vram',
		]);
	});

	it('alternates: never low twice nor back twice without the opposite in between', () => {
		const reading = fc.oneof(fc.integer({ min: 0, max: TOTAL }).map(free), fc.constant(gone));
		fc.assert(
			fc.property(fc.array(reading, { maxLength: 60 }), (rounds) => {
				const kinds = play(rounds).flat();
				for (const [one, other] of [
					['low_vram', 'recovered'],
					['unreachable', 'back'],
				]) {
					const pair = kinds.filter((kind) => kind === one || kind === other);
					pair.forEach((kind, index) => expect(kind).toBe(index % 2 === 0 ? one : other));
				}
			}),
		);
	});
});
