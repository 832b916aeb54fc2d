/**
 * Reservations of others laid over what a server was read to be. Owns which of them still count: one whose prompt the
 * server shows is in the queue already, one whose prompt was there and is gone is over, the rest are jobs to come.
 */
import type { FleetServer, FleetSnapshot, QueuedJob } from '../fleet/types';
import type { Reservation, ReservationBook } from './types';

/** A prompt that somebody else submitted cannot belong to a reservation made this much later: clocks of the server. */
const BEFORE_TOLERANCE_SECONDS = 2;
/** A job is never said to be done before its server says so. */
const LEAST_REST_SECONDS = 0.05;

/** How old the two sides of the comparison are, by the clock of whoever compares. */
export interface Ages {
	/** Since the server's reading began. */
	readingSeconds: number;
	/** Since the book was read. */
	bookSeconds: number;
}

export interface LaidOver {
	queue: QueuedJob[];
	/** Prompts that were found for reservations without one. */
	found: { id: string; prompt_id: string }[];
	/** Reservations whose prompt was on the server and is no longer there. */
	over: string[];
}

/** The address decides where both are known: names are given by people, and two fleets may use the same. */
export function isSameServer(
	a: { name: string; url?: string | null },
	b: { server: string; server_url: string | null },
): boolean {
	if (a.url && b.server_url) return plainUrl(a.url) === plainUrl(b.server_url);
	return a.name === b.server;
}

function plainUrl(url: string): string {
	return url.replace(/\/+$/, '').toLowerCase();
}

/**
 * @param server as it was read; its queue in running order
 * @param reservations of this server and of others: the others are left alone
 */
export function layOver(
	server: FleetServer,
	reservations: readonly Reservation[],
	ages: Ages,
): LaidOver {
	const result: LaidOver = { queue: [...server.queue], found: [], over: [] };
	const here = reservations
		.filter((one) => isSameServer(server, one) && isAlive(one, ages))
		.sort(byAge);
	if (here.length === 0) return result;
	const matched = new Map<string, Reservation>();
	const open: Reservation[] = [];
	for (const one of here) {
		const shown = server.queue.find((job) => isPromptOf(job, one));
		if (shown?.prompt_id) matched.set(shown.prompt_id, one);
		if (!shown) open.push(one);
	}
	for (const one of open) placeOpen(server, one, matched, result, ages);
	result.queue = result.queue.map((job) => {
		const owner = job.prompt_id === undefined ? undefined : matched.get(job.prompt_id);
		return owner ? { ...job, ...knownBy(owner, job, ages) } : job;
	});
	return result;
}

/** One that the queue does not show under its own name. */
function placeOpen(
	server: FleetServer,
	one: Reservation,
	matched: Map<string, Reservation>,
	result: LaidOver,
	ages: Ages,
): void {
	if (one.submitted_seconds_ago !== null) {
		const submittedAgo = one.submitted_seconds_ago + ages.bookSeconds;
		if (submittedAgo > ages.readingSeconds) result.over.push(one.id);
		else result.queue.push(asQueued(one, result.queue, ages));
		return;
	}
	const stranger =
		one.prompt_id === null
			? server.queue.find((job) => !matched.has(job.prompt_id ?? '') && mayBe(job, one, ages))
			: undefined;
	if (stranger?.prompt_id === undefined) {
		result.queue.push(asQueued(one, result.queue, ages));
		return;
	}
	matched.set(stranger.prompt_id, one);
	result.found.push({ id: one.id, prompt_id: stranger.prompt_id });
}

function byAge(a: Reservation, b: Reservation): number {
	return b.made_seconds_ago - a.made_seconds_ago || (a.id < b.id ? -1 : 1);
}

function isAlive(one: Reservation, { bookSeconds }: Ages): boolean {
	return one.expires_in_seconds > bookSeconds;
}

/** Ours by its id, or by the job that it was submitted for. */
function isPromptOf(job: QueuedJob, one: Reservation): boolean {
	if (one.prompt_id !== null) return job.prompt_id === one.prompt_id;
	return job.own === true && job.job_id === one.job_id;
}

/** A prompt that somebody submitted by other means, as the workflow around Select Model does: same model, not older. */
function mayBe(job: QueuedJob, one: Reservation, ages: Ages): boolean {
	if (job.own === true || job.prompt_id === undefined || job.model_name !== one.model_name) {
		return false;
	}
	const age = job.age_seconds ?? null;
	const madeAgo = one.made_seconds_ago + ages.bookSeconds;
	return age === null || age + ages.readingSeconds <= madeAgo + BEFORE_TOLERANCE_SECONDS;
}

/** Its owner hears every step of it, so it knows better than the catalog. */
function knownBy(one: Reservation, job: QueuedJob, ages: Ages): Partial<QueuedJob> {
	const deadline = one.deadline_seconds;
	return {
		...(one.running || !job.running ? { remaining_seconds: restOf(one, ages) } : {}),
		...(deadline === null ? {} : { deadline_seconds: deadline - ages.bookSeconds }),
		vram_peak_bytes: one.vram_peak_bytes,
	};
}

function restOf(one: Reservation, { bookSeconds }: Ages): number {
	const since = one.running ? one.told_seconds_ago + bookSeconds : 0;
	return Math.max(LEAST_REST_SECONDS, one.remaining_seconds - since);
}

function asQueued(one: Reservation, queue: readonly QueuedJob[], ages: Ages): QueuedJob {
	const deadline = one.deadline_seconds;
	return {
		job_id: one.job_id,
		model_name: one.model_name,
		remaining_seconds: restOf(one, ages),
		deadline_seconds: deadline === null ? null : deadline - ages.bookSeconds,
		queue_number: queue.reduce((most, job) => Math.max(most, job.queue_number), -1) + 1,
		running: one.running,
		own: true,
		vram_peak_bytes: one.vram_peak_bytes,
		...(one.prompt_id === null ? {} : { prompt_id: one.prompt_id }),
	};
}

export interface ReservedFleet {
	fleet: FleetSnapshot;
	found: LaidOver['found'];
	over: string[];
}

/**
 * @param fleet left as it is
 * @param agesOf by the server's name: readings are not of the same moment
 * @param without ids to leave out: the caller's own, which it counts itself
 * @returns the fleet as the next decision must see it, and what the comparison has shown
 */
export function withReservations(
	fleet: FleetSnapshot,
	book: ReservationBook,
	agesOf: (server: string) => Ages,
	without: ReadonlySet<string> = new Set(),
): ReservedFleet {
	const others = book.reservations.filter((one) => !without.has(one.id));
	const result: ReservedFleet = { fleet, found: [], over: [] };
	if (others.length === 0) return result;
	const onServer = byPlace(others);
	const servers = fleet.servers.map((server) => {
		const here = onServer(server);
		if (here.length === 0) return server;
		if (!server.reachable) return withUnseen(server, here, agesOf(server.name));
		const laid = layOver(server, here, agesOf(server.name));
		result.found.push(...laid.found);
		result.over.push(...laid.over);
		return { ...server, queue: laid.queue };
	});
	result.fleet = { ...fleet, servers: withNeighbours(servers, others, agesOf) };
	return result;
}

/**
 * Of a server that cannot be seen: what is to come where it can be started; else what may be on a GPU that others share,
 * whose memory is taken whether we see it or not. What its queue had is for the owners to miss.
 */
function withUnseen(server: FleetServer, here: readonly Reservation[], ages: Ages): FleetServer {
	const counts = ({ submitted_seconds_ago: submitted, gpu_group: group }: Reservation) =>
		server.cold_start_seconds == null ? group !== null : submitted === null;
	const queue = [...server.queue];
	for (const one of here.filter((each) => isAlive(each, ages) && counts(each)).sort(byAge)) {
		queue.push(asQueued(one, queue, ages));
	}
	return { ...server, queue };
}

/** Those that may be for a server, found without comparing each with each. */
function byPlace(all: readonly Reservation[]): (server: FleetServer) => Reservation[] {
	const byUrl = grouped(all, (one) => (one.server_url ? plainUrl(one.server_url) : ''));
	const byName = grouped(all, (one) => one.server);
	return ({ name, url }) => {
		if (!url) return byName.get(name) ?? [];
		const unnamed = (byUrl.get('') ?? []).filter((one) => one.server === name);
		return [...(byUrl.get(plainUrl(url)) ?? []), ...unnamed];
	};
}

function grouped<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
	const groups = new Map<string, T[]>();
	for (const one of all) {
		const group = groups.get(keyOf(one));
		if (group) group.push(one);
		else groups.set(keyOf(one), [one]);
	}
	return groups;
}

/** Jobs to come on the same GPU under a server that this fleet does not have: their memory is as good as taken. */
function withNeighbours(
	servers: FleetServer[],
	others: readonly Reservation[],
	agesOf: (server: string) => Ages,
): FleetServer[] {
	const strangers = others.filter(
		(one) =>
			one.gpu_group !== null &&
			one.submitted_seconds_ago === null &&
			!servers.some((server) => isSameServer(server, one)),
	);
	if (strangers.length === 0) return servers;
	return servers.map((server) => {
		const taken = strangers
			.filter((one) => one.gpu_group === server.gpu_group && isAlive(one, agesOf(server.name)))
			.reduce((most, one) => Math.max(most, one.vram_peak_bytes), 0);
		if (taken === 0) return server;
		const devices = server.devices.map((device) => ({
			...device,
			vram_free: Math.max(0, device.vram_free - taken),
		}));
		return { ...server, devices };
	});
}
