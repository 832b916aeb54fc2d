/** What this version reads and writes, so that a schema it may not change can be judged by what is there. */
import { USAGE_COLUMNS } from '../../lib/usage/columns';

/** In the table's order, with the SQL type of the parameter arrays that fill them. */
export const VRAM_COLUMNS = [
	['observed_at', 'timestamptz'],
	['server', 'text'],
	['reachable', 'boolean'],
	['error', 'text'],
	['device_index', 'integer'],
	['device_name', 'text'],
	['vram_total', 'bigint'],
	['vram_free', 'bigint'],
	['torch_vram_total', 'bigint'],
	['torch_vram_free', 'bigint'],
	['queue_running', 'integer'],
	['queue_pending', 'integer'],
	['loaded_model', 'text'],
] as const;

const SQL_TYPES = {
	text: 'text',
	integer: 'integer',
	bigint: 'bigint',
	real: 'double precision',
	ratio: 'double precision',
	boolean: 'boolean',
	time: 'timestamptz',
} as const;

export const USAGE_SQL_COLUMNS: readonly (readonly [string, string])[] = USAGE_COLUMNS.map(
	(column) => [column.name, SQL_TYPES[column.kind]] as const,
);

export const REQUIRED_COLUMNS: Record<string, readonly string[]> = {
	model_usage_log: USAGE_SQL_COLUMNS.map(([name]) => name),
	vram_usage_log: VRAM_COLUMNS.map(([name]) => name),
};

/** Signatures, as to_regprocedure takes them, without the schema. */
export const REQUIRED_FUNCTIONS = [
	'model_usage_attempts(text[])',
	'comfyui_router_maintain()',
] as const;
