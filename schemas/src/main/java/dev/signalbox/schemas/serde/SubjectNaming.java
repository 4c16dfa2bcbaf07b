package dev.signalbox.schemas.serde;

import org.apache.avro.Schema;
import org.apache.kafka.common.config.ConfigException;

/** How a subject is named; Confluent's three strategies, told by their class names with or without the package. */
enum SubjectNaming {
    TOPIC("TopicNameStrategy"),
    RECORD("RecordNameStrategy"),
    TOPIC_RECORD("TopicRecordNameStrategy");

    private final String className;

    SubjectNaming(String className) {
        this.className = className;
    }

    static SubjectNaming ofClassName(String key, Object value) {
        String name = value instanceof Class<?> type ? type.getName() : value.toString().trim();
        String simple = name.substring(name.lastIndexOf('.') + 1);
        for (SubjectNaming naming : values()) {
            if (naming.className.equals(simple)) {
                return naming;
            }
        }
        throw new ConfigException(key, name,
                "must be TopicNameStrategy, RecordNameStrategy or TopicRecordNameStrategy");
    }

    /** {@code <topic>-value}, {@code <record>} or {@code <topic>-<record>}. */
    String subject(String topic, String part, Schema schema) {
        return switch (this) {
            case TOPIC -> topic + "-" + part;
            case RECORD -> schema.getFullName();
            case TOPIC_RECORD -> topic + "-" + schema.getFullName();
        };
    }
}
