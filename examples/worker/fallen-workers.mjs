/**
 * Gives back the jobs of workers that are gone. The queue itself waits four hours, since it cannot tell a long job from
 * a dead worker; here each worker holds an advisory lock under its id for as long as its connection lives, and
 * PostgreSQL frees that lock the moment the process or its machine is gone. No clock is compared with another.
 */
import pg from 'pg';

const SWEEP_MS = 5_000;
const CONNECT_AGAIN_MS = 1_000;
/** A worker may take a job this long before it has its lock. */
const YOUNG_SECONDS = 10;

const LOCK = `pg_advisory_lock_shared(hashtextextended('comfyui-router-worker ' || $1, 0))`;
const IS_FREE = `pg_try_advisory_xact_lock(hashtextextended('comfyui-router-worker ' || locked_by, 0))`;

export class FallenWorkers {
	#workerIds = new Set();
	#client = null;
	#stopped = false;
	#timer = null;
	#sweeping = Promise.resolve();

	/** @param options.release takes the ids of workers that are gone */
	constructor(options) {
		this.options = { youngSeconds: YOUNG_SECONDS, sweepMs: SWEEP_MS, ...options };
	}

	/** From now on others see that this worker lives. */
	async add(workerId) {
		this.#workerIds.add(workerId);
		// a connection that is lost just now takes all locks again when it is back
		await this.#client?.query(`select ${LOCK}`, [workerId]).catch(this.options.onError);
	}

	async start() {
		await this.#connect();
		const again = () => {
			this.#timer = setTimeout(() => {
				this.#sweeping = this.sweep()
					.catch((error) => this.options.onError?.(error))
					.finally(() => this.#stopped || again());
			}, this.options.sweepMs);
		};
		again();
	}

	async stop() {
		this.#stopped = true;
		clearTimeout(this.#timer);
		await this.#sweeping;
		await this.#client?.end();
	}

	/** One transaction, so that a worker cannot be found gone twice at once. */
	async sweep() {
		if (!this.#client) return;
		await this.#client.query('begin');
		try {
			const { rows } = await this.#client.query(
				`with held as materialized (
					select distinct locked_by from graphile_worker.jobs
					where locked_by is not null and locked_by <> all($1)
						and locked_at < now() - make_interval(secs => $2)
				) select locked_by from held where ${IS_FREE}`,
				[[...this.#workerIds], this.options.youngSeconds],
			);
			if (rows.length > 0) await this.options.release(rows.map((row) => row.locked_by));
		} finally {
			await this.#client?.query('commit');
		}
	}

	/** A connection of its own: a pool could give it away, and the locks with it. */
	async #connect() {
		const client = new pg.Client({
			connectionString: this.options.databaseUrl,
			keepAlive: true,
			application_name: 'comfyui-router-worker',
		});
		const lost = () => {
			if (this.#client !== client) return;
			this.#client = null;
			this.#connectAgain();
		};
		client.on('error', lost).on('end', lost);
		await client.connect();
		this.#client = client;
		for (const workerId of this.#workerIds) await client.query(`select ${LOCK}`, [workerId]);
	}

	#connectAgain() {
		if (this.#stopped) return;
		setTimeout(() => {
			if (!this.#stopped) this.#connect().catch(() => this.#connectAgain());
		}, CONNECT_AGAIN_MS).unref();
	}
}
