package dev.signalbox.cli.whatif;

import dev.signalbox.dispatcher.tenants.TenantBook;
import dev.signalbox.schemas.avro.TenantRecord;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The dispatcher as far as tenants' sums go: hears what workers served and tells all of them, by its own model. */
final class TenantSums {
    private static final long TRANSIT_NANOS = Duration.ofMillis(10).toNanos();
    private static final long TELL_NANOS = Duration.ofMillis(500).toNanos();
    private static final long SWEEP_NANOS = Duration.ofSeconds(5).toNanos();

    private final VirtualTime time;
    private final List<WhatIfWorker> workers;
    private final TenantBook book = new TenantBook();

    /** @param workers those there are; may be filled later */
    TenantSums(VirtualTime time, List<WhatIfWorker> workers) {
        this.time = time;
        this.workers = workers;
        time.every(TELL_NANOS, TELL_NANOS, this::tell);
        time.every(SWEEP_NANOS, SWEEP_NANOS, () -> book.sweep(time.millis()));
    }

    /** A worker tells of its own. */
    void told(List<TenantRecord> records) {
        time.in(TRANSIT_NANOS,
                () -> records.forEach(record -> book.told(record.getTenant(), record, time.millis())));
    }

    private void tell() {
        List<TenantRecord> news = book.news().stream().map(TenantBook.News::record).flatMap(Optional::stream).toList();
        if (!news.isEmpty()) {
            time.in(TRANSIT_NANOS, () -> workers.forEach(worker -> worker.tenants().heard(news)));
        }
    }
}
