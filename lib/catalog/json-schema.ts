/** The JSON Schema of models_config.json, for editors and other programs. Owns its title and address only. */
import { type JsonSchema, jsonSchemaOf } from '../schema/json-schema';
import { catalogSchema } from './schema';

/** What models_config.schema.json contains: unknown keys refused except `$schema`, `notes` and `x_*`. */
export function catalogJsonSchema(): JsonSchema {
	const { $schema, ...rest } = jsonSchemaOf(catalogSchema);
	return {
		$schema,
		title: 'Catalog of ComfyUI models (models_config.json)',
		description:
			'Seconds for durations, GB (10^9 bytes) for *_gb, ratios from 0 to 1. Names must be unique; the parser checks that and what else a schema cannot say.',
		...rest,
	};
}
