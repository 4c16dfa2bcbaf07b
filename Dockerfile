# The signalbox command as an image: `docker build -t signalbox .`, then `docker run signalbox version`.
FROM maven:3.9-eclipse-temurin-25 AS build
WORKDIR /src
COPY . .
RUN mvn -B -q -DskipTests package -pl cli -am

FROM eclipse-temurin:25-jre
COPY --from=build /src/cli/target/distribution/lib /opt/signalbox/cli/target/distribution/lib
COPY signalbox /opt/signalbox/signalbox
COPY deploy/image/health-check /usr/local/bin/health-check
RUN useradd --system --uid 10001 --home-dir /var/lib/signalbox --create-home signalbox \
    && ln -s /opt/signalbox/signalbox /usr/local/bin/signalbox
USER signalbox
WORKDIR /var/lib/signalbox
VOLUME /var/lib/signalbox
# The launcher hands its process to Java, which is then process 1 and gets SIGTERM itself.
ENTRYPOINT ["/opt/signalbox/signalbox"]
CMD ["--help"]
