#!/usr/bin/env bash
# Fetches the MongoDB wire server that the store's tests run against (mongo-java-server, in memory) from Maven Central.
# Each file is checked against the SHA-256 that is written here. Usage: fetch-wire-server.sh
set -euo pipefail
cd "$(dirname "$0")/.."

jars=node_modules/.cache/wire-server
central=https://repo1.maven.org/maven2
files='
9a34c9ad6ac6261906295481838256033ec1efc8c93a3e3828e5d47a006b0bd4 de/bwaldvogel/mongo-java-server-core/1.47.0/mongo-java-server-core-1.47.0.jar
82864f8a2ede1514f64c2cd3a70e8022c259eb3d78975cfa208c1668ac1f12bb de/bwaldvogel/mongo-java-server-memory-backend/1.47.0/mongo-java-server-memory-backend-1.47.0.jar
7b751d952061954d5abfed7181c1f645d336091b679891591d63329c622eb832 org/slf4j/slf4j-api/2.0.17/slf4j-api-2.0.17.jar
4820eeb2d3db269b20b30711e3d7d21979664249aaf10fc67f90dee935810747 io/netty/netty-buffer/4.2.2.Final/netty-buffer-4.2.2.Final.jar
6a4ea3cedc831a377e20e32da5df4d2a47b954810e941138e3358e313db3a7f9 io/netty/netty-codec/4.2.2.Final/netty-codec-4.2.2.Final.jar
76987614ccb2fda7d3292b69ba5b61351f30e91bf5c7d8fa4b51bc32c9f67456 io/netty/netty-codec-base/4.2.2.Final/netty-codec-base-4.2.2.Final.jar
5d022f3acad74cb0f195f60213500a4000d1340e5e941edaf1a0e756686b9bae io/netty/netty-common/4.2.2.Final/netty-common-4.2.2.Final.jar
d4ef582c78125457baa0cfa52992b5fb1bb9172d1a2c03b726e8b26e17d3fe2c io/netty/netty-handler/4.2.2.Final/netty-handler-4.2.2.Final.jar
fa7841ffe2e39d52251814fb8560d6936b10ae7c67453ee50426b83fd5170ba0 io/netty/netty-resolver/4.2.2.Final/netty-resolver-4.2.2.Final.jar
116d766a1af4722fe76a4cdaed969644985d44e08ec1337d2dbab697dd109603 io/netty/netty-transport/4.2.2.Final/netty-transport-4.2.2.Final.jar
aa8821a7ea2ca47f62740bd1f37d67deb97824cc77e76dde6ae2c439a923fc9d io/netty/netty-transport-native-unix-common/4.2.2.Final/netty-transport-native-unix-common-4.2.2.Final.jar
'

mkdir -p "$jars"
while read -r sum path; do
  [ -n "$sum" ] || continue
  jar=$jars/${path##*/}
  if [ -f "$jar" ] && echo "$sum  $jar" | sha256sum --check --status; then continue; fi
  echo "Fetching ${path##*/} from Maven Central"
  curl --silent --show-error --fail --location --retry 3 --max-time 120 --output "$jar.part" "$central/$path"
  echo "$sum  $jar.part" | sha256sum --check --status || {
    echo "${path##*/} is not the file that was expected: its SHA-256 is $(sha256sum <"$jar.part" | cut -d' ' -f1), not $sum" >&2
    exit 1
  }
  mv "$jar.part" "$jar"
done <<<"$files"
