-- One schema for each room of the house (design §3); the tables come with the actors that own them.
create schema identity;
create schema access;
create schema registry;
create schema repository;
create schema audit;
create schema journal;
