import type { Pool } from 'pg';

export interface ProvisionedPostgres {
	/** Connection string of the administrator, database `postgres`. */
	url: string;
	port: number;
	admin: Pool;
	/** Creates it and resolves to its connection string. */
	createDatabase(name: string): Promise<string>;
	urlFor(user?: string, password?: string, database?: string): string;
	/** Ends the server at once, as a power cut would. */
	crash(): Promise<void>;
	/** Starts it again on the same port and data. */
	restart(): Promise<void>;
	stop(): Promise<void>;
}

export interface ProvisionOptions {
	port?: number;
	dataDir?: string;
	password?: string;
	postgresFlags?: string[];
	durable?: boolean;
}

export function freePort(): Promise<number>;
export function provisionPostgres(options?: ProvisionOptions): Promise<ProvisionedPostgres>;
