/**
 * Bytes of records: Avro in Confluent's wire format with a schema registry, the JSON form of the same records, and the
 * reading and checking of requests in either.
 */
@NullMarked
package dev.signalbox.schemas.serde;

import org.jspecify.annotations.NullMarked;
