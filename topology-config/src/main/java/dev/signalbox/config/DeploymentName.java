package dev.signalbox.config;

/**
 * Name of a deployment: {@code <place>/<model>}, such as {@code bedrock.us-east-1/claude-sonnet-4}. The part before the
 * slash is the place, the part behind it is the logical model; routes of a model name deployments by place alone.
 */
public final class DeploymentName implements Comparable<DeploymentName> {
    private final String place;
    private final String model;
    /** Kept, since each request looks deployments up and names them several times. */
    private final String name;

    public DeploymentName(String place, String model) {
        this.place = place;
        this.model = model;
        this.name = place + "/" + model;
    }

    /** @throws IllegalArgumentException if there is no slash with something on both sides */
    public static DeploymentName parse(String name) {
        int slash = name.indexOf('/');
        if (slash <= 0 || slash == name.length() - 1) {
            throw new IllegalArgumentException("deployment name \"" + name + "\" must be <place>/<model>");
        }
        return new DeploymentName(name.substring(0, slash), name.substring(slash + 1));
    }

    public String place() {
        return place;
    }

    public String model() {
        return model;
    }

    @Override
    public int compareTo(DeploymentName other) {
        return name.compareTo(other.name);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof DeploymentName that && place.equals(that.place) && model.equals(that.model);
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    @Override
    public String toString() {
        return name;
    }
}
