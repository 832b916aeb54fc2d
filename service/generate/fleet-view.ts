/**
 * The fleet as decisions of this process see it: read from the servers, with our own claims, cool-downs and what was
 * found missing laid over it. Owns that a slow server delays no decision about the others.
 */
import type { Catalog } from '../../lib/catalog/schema';
import { RouterError } from '../../lib/errors';
import { afterFailure, type Circuit, CLOSED, mayUse } from '../../lib/fleet/circuit-breaker';
import {
	afterRun,
	AS_EXPECTED,
	type LearnedSpeed,
	speedFactorOf,
} from '../../lib/fleet/learned-speed';
import { coldStartSeconds } from '../../lib/fleet/cold-start';
import type { FleetServer, FleetSnapshot } from '../../lib/fleet/types';
import type { Clock } from '../../lib/ports';
import { isSameServer } from '../../lib/reservations';
import { baseName } from '../../lib/workflow/file-names';
import { readFleet } from '../fleet';
import type { InstalledFilesCache } from '../installed-files-cache';
import { within } from '../within';
import type { Claim } from './claims';
import type { SharedBook } from './shared-book';
import { takeBack } from './submit-safely';
import type { GenerateServer } from './types';
import { WakingServers } from './waking-servers';

/** ComfyUI stalls for most of a second while it loads a model; older news will do for that long. */
const SLOW_READ_MS = 1_200;
const OLDEST_NEWS_MS = 15_000;
const READ_TIMEOUT_MS = 12_000;
/** A server that would not take a prompt is left alone: this long, then twice as long, ... */
const BREAKER = { firstRestMs: 1_000, longestRestMs: 30_000 };
/** A file a server turned out not to have. */
const MISSING_FOR_MS = 120_000;

interface News {
	server: FleetServer;
	beganMs: number;
	arrivedMs: number;
}

interface Failing {
	circuit: Circuit;
	error: RouterError;
}

export class FleetView {
	private readonly news = new Map<string, News>();
	private readonly reading = new Map<string, Promise<void>>();
	private readonly failing = new Map<string, Failing>();
	private readonly speeds = new Map<string, LearnedSpeed>();
	private readonly missing = new Map<string, Map<string, number>>();
	private readonly orphans = new Map<string, Set<string>>();
	private readonly waking = new WakingServers();
	private book: Pick<SharedBook, 'layOver'> | null = null;
	readonly claims = new Set<Claim>();
	everReached = false;

	constructor(
		private servers: readonly GenerateServer[],
		private readonly catalog: Catalog,
		private readonly clock: Clock,
		private readonly installed: InstalledFilesCache,
	) {}

	/** What other processes have reserved is laid over what this one knows. */
	useBook(book: Pick<SharedBook, 'layOver'>): void {
		this.book = book;
	}

	/** True where the reservation is for this server of ours. */
	isSame(name: string, reservation: { server: string; server_url: string | null }): boolean {
		return isSameServer(this.port(name), reservation);
	}

	/** Later callers' connections replace earlier ones of the same servers. */
	useServers(servers: readonly GenerateServer[]): void {
		this.servers = servers;
	}

	port(name: string): GenerateServer {
		const server = this.servers.find((one) => one.name === name);
		if (server) return server;
		throw new RouterError({
			code: 'OPTIONS_INVALID',
			message: `There is no server named "${name}".`,
			hint: `Known servers: ${this.servers.map((one) => one.name).join(', ')}.`,
		});
	}

	/** Somebody may be installing what a job was just refused for: the next one looks again. */
	forgetInstalledFiles(): void {
		for (const server of this.servers) this.installed.forget(server);
	}

	/** Asks every server now; returns what is known when all have answered, or the slow ones have had their time. */
	async read(): Promise<FleetSnapshot> {
		const readings = this.servers.map((server) => ({ server, done: this.readOne(server) }));
		// one that did not answer last time is not waited for, unless there is no other
		const answering = readings.filter(({ server }) => this.answered(server));
		const awaited = (answering.length > 0 ? answering : readings).map(({ done }) => done);
		await within(this.clock, Promise.all(awaited), SLOW_READ_MS);
		return this.current();
	}

	/** False: a first answer is still awaited, be it a refusal, from a server or a machine that is busy. */
	get allAnswered(): boolean {
		return this.servers.every(({ name }) => this.news.has(name));
	}

	/** Or was never asked. */
	private answered({ name }: GenerateServer): boolean {
		return this.news.get(name)?.server.reachable ?? true;
	}

	private readOne(server: GenerateServer): Promise<void> {
		const under = this.reading.get(server.name);
		if (under) return under;
		const reading = this.fetchOne(server).finally(() => this.reading.delete(server.name));
		this.reading.set(server.name, reading);
		return reading;
	}

	private async fetchOne(server: GenerateServer): Promise<void> {
		const beganMs = this.clock.nowMs();
		const fleet = await readFleet({
			servers: [server],
			catalog: this.catalog,
			clock: this.clock,
			timeoutMs: READ_TIMEOUT_MS,
			installedFilesCache: this.installed,
		});
		const [read] = fleet.servers;
		if (!read) return;
		this.news.set(server.name, { server: read, beganMs, arrivedMs: this.clock.nowMs() });
		if (read.reachable) {
			this.everReached = true;
			this.waking.isUp(server.name);
			await this.sweep(server, read);
		}
	}

	/** Prompts of ours that were given up while the server was away, and run there after all. */
	private async sweep(server: GenerateServer, read: FleetServer): Promise<void> {
		const orphans = this.orphans.get(server.name);
		const found = read.queue.flatMap(({ prompt_id: id }) => (id && orphans?.has(id) ? [id] : []));
		if (found.length > 0) await takeBack(server, found);
	}

	orphan(server: string, promptId: string): void {
		const known = this.orphans.get(server) ?? new Set();
		this.orphans.set(server, known.add(promptId));
	}

	/** Once more at the end, for at most this long. Never rejects. */
	async sweepAll(waitMs: number): Promise<void> {
		const sweeps = [...this.orphans].map(([name, ids]) => takeBack(this.port(name), [...ids]));
		this.orphans.clear();
		if (sweeps.length === 0) return;
		await within(this.clock, Promise.all(sweeps), waitMs);
	}

	/** @param without a claim to leave out, as if its prompt were stopped */
	current(without?: Claim): FleetSnapshot {
		const now = this.clock.nowMs();
		const fleet = { servers: this.servers.map((server) => this.serverNow(server, now, without)) };
		return this.book?.layOver(fleet, (name) => this.news.get(name)?.beganMs ?? null) ?? fleet;
	}

	private serverNow(server: GenerateServer, now: number, without?: Claim): FleetServer {
		const news = this.news.get(server.name);
		if (!news || now - news.arrivedMs > OLDEST_NEWS_MS)
			return this.withOwnJobs(unreachable(server, null), now, without);
		if (!news.server.reachable) return this.awayNow(news.server, now, without);
		const failing = this.failing.get(server.name);
		if (failing && mayUse(failing.circuit, now, this.isUsed(server.name)) === 'no')
			return this.withOwnJobs(unreachable(server, failing.error), now, without);
		return {
			...news.server,
			...this.speedNow(news.server),
			queue: this.queueNow(news, now, without),
			installed_files: this.withoutMissing(news.server, now),
		};
	}

	/** One that can be started: as far as its start is. */
	private awayNow(server: FleetServer, now: number, without?: Claim): FleetServer {
		const coldStart = coldStartSeconds(server);
		if (coldStart === null) return this.withOwnJobs(server, now, without);
		return {
			...server,
			cold_start_seconds: this.waking.secondsLeft(server.name, coldStart, now),
		};
	}

	/** Of a server that cannot be seen: what we gave it may hold memory of a GPU that others share. */
	private withOwnJobs(server: FleetServer, now: number, without?: Claim): FleetServer {
		const mine = this.claimsOn(server.name).filter((claim) => claim !== without);
		return { ...server, queue: mine.map((claim, number) => claim.asQueued(now, number)) };
	}

	private claimsOn(server: string): Claim[] {
		return [...this.claims].filter((claim) => claim.server === server);
	}

	/** A job waits for it to start. */
	want(name: string): void {
		this.waking.want(name, this.clock.nowMs());
	}

	private queueNow(news: News, now: number, without?: Claim): FleetServer['queue'] {
		const mine = this.claimsOn(news.server.name);
		const byPrompt = new Map(mine.map((claim) => [claim.promptId, claim]));
		const age = (now - news.arrivedMs) / 1000;
		const queue = news.server.queue.flatMap((job) => {
			const claim = byPrompt.get(job.prompt_id ?? null);
			if (claim && claim === without) return [];
			if (claim) return [{ ...job, remaining_seconds: claim.remainingSeconds(now) }];
			const rest = job.remaining_seconds;
			const aged = rest === null || !job.running ? rest : Math.max(0.05, rest - age);
			return [{ ...job, remaining_seconds: aged }];
		});
		const shown = new Set(news.server.queue.map((job) => job.prompt_id));
		let number = queue.reduce((most, job) => Math.max(most, job.queue_number), -1);
		for (const claim of mine) {
			if (claim === without || shown.has(claim.promptId ?? '')) continue;
			if (!claim.isVisibleSince(news.beganMs)) queue.push(claim.asQueued(now, (number += 1)));
		}
		return queue;
	}

	private withoutMissing(server: FleetServer, now: number): string[] | null {
		const missing = this.missing.get(server.name);
		if (!missing || server.installed_files === null) return server.installed_files;
		const lacking = new Set(
			[...missing].flatMap(([file, untilMs]) => (untilMs >= now ? [baseName(file)] : [])),
		);
		return server.installed_files.filter((name) => !lacking.has(baseName(name)));
	}

	/** The server refused a prompt for lack of these files, whatever its lists say. */
	markMissing(server: string, files: readonly string[]): void {
		const until = this.clock.nowMs() + MISSING_FOR_MS;
		const known = this.missing.get(server) ?? new Map<string, number>();
		for (const file of files) known.set(file, until);
		this.missing.set(server, known);
		this.installed.forget(this.port(server));
	}

	coolDown(server: string, error: RouterError): void {
		const { circuit } = this.failing.get(server) ?? { circuit: CLOSED };
		this.failing.set(server, {
			circuit: afterFailure(circuit, this.clock.nowMs(), BREAKER),
			error,
		});
	}

	/** It took a prompt: what was wrong is over. */
	warmUp(server: string): void {
		this.failing.delete(server);
	}

	private isUsed(server: string): boolean {
		return this.claimsOn(server).length > 0;
	}

	/** How long a run took there, against what was expected. */
	learnSpeed(server: string, expectedSeconds: number, actualSeconds: number): void {
		const before = this.speeds.get(server) ?? AS_EXPECTED;
		this.speeds.set(server, afterRun(before, expectedSeconds, actualSeconds));
	}

	private speedNow({ name, speed_factor: known }: FleetServer): Partial<FleetServer> {
		const learned = this.speeds.get(name);
		if (learned === undefined) return {};
		return { speed_factor: (known ?? 1) * speedFactorOf(learned) };
	}
}

function unreachable(server: GenerateServer, error: RouterError | null): FleetServer {
	return {
		name: server.name,
		url: server.url,
		reachable: false,
		devices: [],
		queue: [],
		loaded_model: null,
		installed_files: null,
		error: error?.message ?? `ComfyUI server "${server.name}" has not answered yet.`,
		error_code: error?.code ?? 'COMFYUI_TIMEOUT',
	};
}
