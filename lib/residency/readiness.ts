/**
 * How well a fleet is prepared for the jobs that come: what one of them is expected to get, by the weights that each
 * server holds. Owns that value; decides nothing.
 *
 * A job goes to the server where it gets most, if that is free then, else to the next: with the values of the servers in
 * falling order v1, v2, ... and each free with probability a, it gets v1 a + v2 a (1 - a) + v3 a (1 - a)^2 + ...
 */
import { probabilityWithin } from '../estimate/log-normal';
import type { JobOption, WaitingJobState } from '../router/dispatch/waiting-job';

/** Probability that a server is free, or soon enough, when a job comes. Chosen on tuning seeds. */
const FREE = 0.95;
/** Servers beyond the best few hardly count: (1 - 0.95)^4 of the value is left to them. */
const DEPTH = 4;

/** Jobs that ask for the same. */
export interface ReadyKind {
	/** Of all jobs that come, 0 to 1. */
	share: number;
	/** By server: the most that such a job gets whatever is resident. */
	cold: number[];
	/** By server: the most that it gets with these weights resident. */
	warm: Map<string, number>[];
}

/** What one server is worth to a kind. */
interface Offer {
	server: number;
	value: number;
}

/** @param price quality per GPU second */
export function readyKind(
	{ options, deadlineSeconds }: WaitingJobState,
	share: number,
	price: number,
): ReadyKind {
	const cold = options.map((ofServer) =>
		ofServer.reduce(
			(most, option) => Math.max(most, worth(option, true, deadlineSeconds, price)),
			0,
		),
	);
	const warm = options.map((ofServer) => {
		const byKey = new Map<string, number>();
		for (const option of ofServer) {
			const value = worth(option, false, deadlineSeconds, price);
			byKey.set(option.weightsKey, Math.max(byKey.get(option.weightsKey) ?? 0, value));
		}
		return byKey;
	});
	return { share, cold, warm };
}

/** Quality x P(on time), less what the GPU time is worth to others. */
function worth(option: JobOption, isCold: boolean, deadlineSeconds: number, price: number): number {
	const { runSeconds, runVariance, loadSeconds, loadVariance, quality, relativePrice } = option;
	const seconds = runSeconds + (isCold ? loadSeconds : 0);
	const variance = runVariance + (isCold ? loadVariance : 0);
	return (
		quality * probabilityWithin(seconds, variance, deadlineSeconds) -
		price * seconds * relativePrice
	);
}

export class Readiness {
	/** By kind, best first. */
	readonly #offers: Offer[][];

	/** @param residents by server: the weights it holds, null: none known; undefined: it takes no jobs */
	constructor(
		readonly kinds: readonly ReadyKind[],
		residents: readonly (string | null | undefined)[],
	) {
		this.#offers = kinds.map((kind) =>
			residents
				.flatMap((key, server): Offer[] =>
					key === undefined ? [] : [{ server, value: offerOf(kind, server, key) }],
				)
				.sort((a, b) => b.value - a.value || a.server - b.server)
				.slice(0, DEPTH + 1),
		);
	}

	/** What the next job is expected to get. */
	get value(): number {
		return this.#sum((n) => this.#expected(n, -1, 0));
	}

	/** The same while this server takes none. */
	without(server: number): number {
		return this.#sum((n) => this.#expected(n, server, 0));
	}

	/** The same if this server held these weights. */
	ifLoaded(server: number, key: string): number {
		return this.#sum((n) => this.ofKind(n, server, key));
	}

	/** What the next job of one kind is expected to get if this server held these weights. */
	ofKind(n: number, server: number, key: string): number {
		return this.#expected(n, server, offerOf(this.kinds[n] as ReadyKind, server, key));
	}

	/** What the next job of one kind is expected to get. */
	ofKindNow(n: number): number {
		return this.#expected(n, -1, 0);
	}

	#sum(ofKind: (n: number) => number): number {
		return this.kinds.reduce((sum, { share }, n) => sum + share * ofKind(n), 0);
	}

	/** @param value what the changed server offers instead; 0: nothing */
	#expected(n: number, changed: number, value: number): number {
		let expected = 0;
		let left = 1;
		let pending = value;
		let count = 0;
		const take = (offer: number): void => {
			expected += left * FREE * offer;
			left *= 1 - FREE;
			count++;
		};
		for (const offer of this.#offers[n] as Offer[]) {
			if (offer.server === changed) continue;
			if (pending >= offer.value) {
				take(pending);
				pending = 0;
			}
			if (count === DEPTH) return expected;
			take(offer.value);
			if (count === DEPTH) return expected;
		}
		if (pending > 0) take(pending);
		return expected;
	}
}

function offerOf({ cold, warm }: ReadyKind, server: number, key: string | null): number {
	const held = key === null ? 0 : (warm[server]?.get(key) ?? 0);
	return Math.max(cold[server] ?? 0, held);
}
