/** Who asks for what in the demo, and when: a small studio with office hours, quiet weekends and a nightly batch. */
import { exponential, pick, type Random } from '../replay/random';

export interface DemoRequest {
	atMs: number;
	request: Record<string, unknown>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Jobs per hour by hour of the day, UTC, on a working day. */
const BY_HOUR = [
	...[1, 1, 0.5, 0.5, 0.5, 1, 3, 8, 18, 26, 30, 27],
	...[17, 24, 30, 28, 24, 17, 10, 7, 6, 5, 3, 2],
];
const WEEKEND = 0.25;
const MOST_PER_HOUR = 30;

interface Person {
	user: string;
	weight: number;
	purposes: readonly string[];
	urgencies: readonly (readonly [urgency: string, weight: number])[];
	qualities: readonly (string | undefined)[];
	batch: readonly number[];
	pinned?: string;
}

const PEOPLE: readonly Person[] = [
	{
		user: 'ana',
		weight: 5,
		purposes: ['product', 'product', 'photo'],
		urgencies: [
			['normal', 5],
			['urgent', 1],
			['flexible', 1],
		],
		qualities: ['high', 'high', 'standard'],
		batch: [1, 1, 2, 4],
	},
	{
		user: 'ben',
		weight: 4,
		purposes: ['poster_design', 'text_rendering'],
		urgencies: [
			['normal', 3],
			['flexible', 3],
		],
		qualities: ['best', 'high', 'high', 'high'],
		batch: [1, 1, 2],
	},
	{
		user: 'chloe',
		weight: 4,
		purposes: ['portrait', 'photo'],
		urgencies: [
			['normal', 4],
			['urgent', 2],
		],
		qualities: ['high', undefined],
		batch: [1, 2],
	},
	{
		user: 'shop-bot',
		weight: 6,
		purposes: ['product', 'draft'],
		urgencies: [
			['urgent', 5],
			['normal', 2],
		],
		qualities: [undefined, 'standard'],
		batch: [1],
	},
	{
		user: 'dmitri',
		weight: 2,
		purposes: ['illustration'],
		urgencies: [
			['normal', 3],
			['flexible', 2],
		],
		qualities: ['standard'],
		batch: [1, 4],
		pinned: 'flux1-dev',
	},
];

/** All requests from `fromMs` until `toMs`, in order of arrival. */
export function demoRequests(fromMs: number, toMs: number, random: Random): DemoRequest[] {
	return [...arrivals(fromMs, toMs, random), ...nightly(fromMs, toMs, random)].sort(
		(a, b) => a.atMs - b.atMs,
	);
}

/** A Poisson process whose rate follows the hours, by thinning. */
function arrivals(fromMs: number, toMs: number, random: Random): DemoRequest[] {
	const weights = PEOPLE.map(({ weight }) => weight);
	const requests: DemoRequest[] = [];
	let atMs = fromMs;
	for (;;) {
		atMs += exponential(random, HOUR_MS / MOST_PER_HOUR);
		if (atMs >= toMs) return requests;
		const now = new Date(atMs);
		const weekend = now.getUTCDay() === 0 || now.getUTCDay() === 6;
		const rate = (BY_HOUR[now.getUTCHours()] as number) * (weekend ? WEEKEND : 1);
		if (random() * MOST_PER_HOUR >= rate) continue;
		requests.push({
			atMs: Math.round(atMs),
			request: requestOf(pick(random, PEOPLE, weights), random),
		});
	}
}

function requestOf(person: Person, random: Random): Record<string, unknown> {
	const urgency = pick(
		random,
		person.urgencies.map(([name]) => name),
		person.urgencies.map(([, weight]) => weight),
	);
	const quality = pick(random, person.qualities);
	const size = pick(random, [{}, {}, { width: 1024, height: 1024 }, { width: 1280, height: 768 }]);
	return {
		user_id: person.user,
		purpose: pick(random, person.purposes),
		urgency,
		batch_size: pick(random, person.batch),
		...size,
		...(quality === undefined ? {} : { quality }),
		...(person.pinned === undefined ? {} : { model_name: person.pinned }),
		// now and then somebody asks for what nobody can do
		...(random() < 0.004 ? { min_quality: 0.99, quality: undefined } : {}),
	};
}

/** Some dozen product pictures a night, without hurry. */
function nightly(fromMs: number, toMs: number, random: Random): DemoRequest[] {
	const requests: DemoRequest[] = [];
	for (let day = Math.floor(fromMs / DAY_MS) * DAY_MS; day < toMs; day += DAY_MS) {
		const startMs = day + 2 * HOUR_MS + Math.floor(random() * 600_000);
		const count = 40 + Math.floor(random() * 40);
		for (let n = 0; n < count; n++) {
			const atMs = startMs + n * 2000;
			if (atMs < fromMs || atMs >= toMs) continue;
			const request = {
				user_id: 'catalogue',
				purpose: 'product',
				urgency: 'flexible',
				quality: 'high',
			};
			requests.push({ atMs, request });
		}
	}
	return requests;
}
