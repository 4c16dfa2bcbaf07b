package dev.signalbox.workers.intake;

import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Tickets on their way to the ledger: any thread adds one without waiting, the poll thread takes them. Bounded by the records
 * that are pending, since each is completed once.
 */
final class Completions {
    private final LaneLedger ledger;
    private final ConcurrentLinkedQueue<Ticket> tickets = new ConcurrentLinkedQueue<>();

    Completions(LaneLedger ledger) {
        this.ledger = ledger;
    }

    void add(Ticket ticket) {
        tickets.add(ticket);
    }

    /** Tells the ledger of all that are there. Poll thread only. */
    void take() {
        for (Ticket ticket = tickets.poll(); ticket != null; ticket = tickets.poll()) {
            ledger.completed(ticket);
        }
    }
}
