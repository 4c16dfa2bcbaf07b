package dev.signalbox.workers.scheduler;

/** A priority's queue, its credit in the deficit round robin and its calls in flight. */
final class PriorityLane {
    /** Cost units that one round of all priorities gives out: small, so that turns are short. */
    static final double ROUND_COST_UNITS = 1_000;
    /** Debt in rounds beyond which calls that a floor gave do not count: it must not cost a priority its later turns. */
    private static final double FLOOR_DEBT_ROUNDS = 100;

    final TenantQueues tenants;
    final Gates gates;
    final RouteQueues routes;
    private double quantum;
    private double floor;
    int inFlight;
    private double credit;
    private long dispatched;
    private long dispatchedCostUnits;

    /** @param floor part of all calls that it may always have, 0 to 1 */
    PriorityLane(double quantum, double floor, TenantQueues tenants, Gates gates) {
        this.quantum = quantum;
        this.floor = floor;
        this.tenants = tenants;
        this.gates = gates;
        this.routes = tenants.routes;
    }

    /** Another weight and floor. What it has in hand or owes becomes neither more units nor more rounds by that. */
    void reweigh(double newQuantum, double newFloor) {
        credit *= Math.min(1, newQuantum / quantum);
        quantum = newQuantum;
        floor = newFloor;
    }

    /** Whether a request can go; one whose way is shut is none. */
    boolean hasWork() {
        return tenants.hasWork();
    }

    boolean mayServe() {
        return hasWork() && credit > 0;
    }

    /** Calls that its floor promises it of so many, rounded down, and that it does not have. */
    int slotsBelowFloor(int ofCalls) {
        return (int) Math.floor(floor * ofCalls + 1e-9) - inFlight;
    }

    /** Gets its part of some rounds; without work it only pays off debt, so that idleness earns nothing. */
    void earn(double rounds) {
        credit += rounds * quantum;
        restIfIdle();
    }

    /** Rounds until it may serve, rounded down; 0 or more. */
    double roundsInDebt() {
        return Math.max(0, Math.floor(-credit / quantum));
    }

    /** @param owed whether its floor gave it the call */
    void charge(long costUnits, boolean owed) {
        double debt = owed ? Math.min(credit, -FLOOR_DEBT_ROUNDS * quantum) : Double.NEGATIVE_INFINITY;
        credit = Math.max(credit - costUnits, debt);
        dispatched++;
        dispatchedCostUnits += costUnits;
        inFlight++;
        restIfIdle();
    }

    /** Unspent credit lapses with the last request that can go. */
    void restIfIdle() {
        if (!hasWork()) {
            credit = Math.min(credit, 0);
        }
    }

    SchedulerStatus.PriorityStatus status() {
        return new SchedulerStatus.PriorityStatus(tenants.size(), tenants.waitingTenants(), inFlight, dispatched,
                dispatchedCostUnits);
    }
}
