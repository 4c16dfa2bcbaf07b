package dev.signalbox.cli.batch;

import dev.signalbox.schemas.avro.BodyFormat;

/**
 * One request of the file.
 *
 * @param number 1-based line
 * @param customId the caller's id, unique in the file
 * @param format the family that the line is of
 * @param body the body's JSON, byte for byte as it stands in the line
 * @param optionsColumn 1-based place of the {@code signalbox} object, 1 if there is none
 */
record BatchLine(int number, String customId, BodyFormat format, byte[] body, BodyShape shape, RequestOptions options,
        int optionsColumn) {
}
