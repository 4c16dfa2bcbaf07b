package dev.signalbox.dispatcher.availability;

import dev.signalbox.dispatcher.health.FleetTime;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AvailabilityRecord;
import dev.signalbox.schemas.avro.RequestStatus;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.AutoOffsetReset;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;

/** The sub-topologies of {@code signalbox-usage} that read how requests ended: what each came to, and use cases judged by it. */
public final class AvailabilityTopology {
    private static final String STATUSES = "request-statuses";
    private static final String ENDINGS = "availability-endings";
    private static final String BY_USE_CASE = "by-use-case";
    private static final String SUMS = "availability-sums";
    private static final String OUT = "availability-hourly";
    private static final String KEPT = "request-statuses-kept";

    private final Serde<RequestStatus> statuses;
    private final Serde<AvailabilityRecord> records;
    private final AvailabilityBoard board;

    /** @param board is told the figures of the use cases that have an objective */
    public AvailabilityTopology(Serde<RequestStatus> statuses, Serde<AvailabilityRecord> records,
            AvailabilityBoard board) {
        this.statuses = statuses;
        this.records = records;
        this.board = board;
    }

    /** @param time of the application */
    public void addTo(StreamsBuilder builder, FleetTime time) {
        builder.addStateStore(AvailabilityStores.ended())
                .addStateStore(AvailabilityStores.counts(AvailabilityStores.SLICES))
                .addStateStore(AvailabilityStores.counts(AvailabilityStores.TOLD))
                .addStateStore(AvailabilityStores.counts(AvailabilityStores.HOURS));
        KStream<String, RequestStatus> told = builder.stream(Topics.STATUS, Consumed.with(Serdes.String(), statuses)
                .withName(STATUSES).withOffsetResetPolicy(AutoOffsetReset.earliest()));
        told.process(() -> new EndingProcessor(time), Named.as(ENDINGS), AvailabilityStores.ENDED,
                AvailabilityStores.SLICES)
                .repartition(Repartitioned.with(Serdes.String(), SliceCounts.serde()).withName(BY_USE_CASE))
                .process(() -> new AvailabilityProcessor(board, time), Named.as(SUMS), AvailabilityStores.TOLD,
                        AvailabilityStores.HOURS)
                .to(Topics.AVAILABILITY, Produced.with(Serdes.String(), records).withName(OUT));
        builder.addStateStore(RequestStatuses.store(statuses));
        told.process(RequestStatuses.Keeper::new, Named.as(KEPT), RequestStatuses.STORE);
    }
}
